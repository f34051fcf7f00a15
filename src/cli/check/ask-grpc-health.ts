import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import type { ServingAnswer } from "./serving-answer.js";

const HEAD = {
  ":method": "POST",
  ":path": "/grpc.health.v1.Health/Check",
  "content-type": "application/grpc",
  te: "trailers",
};

/** An empty HealthCheckRequest (it asks about the whole server) behind gRPC's five bytes: not compressed, length 0. */
const REQUEST = Buffer.alloc(5);

/** HealthCheckResponse, of the same form: its field 1, `status`, is SERVING. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);

/** What is kept of an answer. */
const MOST_BYTES = 1_000;

/**
 * Asks the gRPC health service, by Node's own HTTP/2: to load a gRPC library would take longer than to ask.
 * @param address host:port, without TLS
 * @throws Error (as a promise) whose message says why there is no answer
 */
export async function askGrpcHealth(address: string, timeoutMillis: number): Promise<ServingAnswer> {
  const session = connect(`http://${address}`);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ServingAnswer>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not within ${timeoutMillis} ms`)), timeoutMillis);
      session.on("error", reject);
      session.on("close", () => reject(new Error("the connection was closed")));
      call(session).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

/** The one call. */
function call(session: ClientHttp2Session): Promise<ServingAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(HEAD);
    let [body, status] = [Buffer.alloc(0), ""];
    const readStatus = (headers: IncomingHttpHeaders): void => {
      status = String(headers["grpc-status"] ?? status);
    };
    // An answer without a body has its status in its first headers.
    stream.on("response", readStatus);
    stream.on("trailers", readStatus);
    stream.on("data", (part: Buffer) => {
      if (body.length < MOST_BYTES) body = Buffer.concat([body, part]);
    });
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === "0") resolve({ isServing: body.equals(SERVING), reasons: "" });
      else reject(new Error(status === "" ? "no answer of gRPC: is this Weir's gRPC port?" : `gRPC status ${status}`));
    });
    stream.end(REQUEST);
  });
}
