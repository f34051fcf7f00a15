import { type ClientHttp2Session, connect } from "node:http2";
import { callOverHttp2 } from "../../grpc/http2-call.js";
import type { ServingAnswer } from "./serving-answer.js";

const PATH = "/grpc.health.v1.Health/Check";

/** An empty HealthCheckRequest: it asks about the whole server. */
const REQUEST = Buffer.alloc(0);

/** HealthCheckResponse behind gRPC's five bytes (not compressed, length 2): its field 1, `status`, is SERVING. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);

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

async function call(session: ClientHttp2Session): Promise<ServingAnswer> {
  const { status, body } = await callOverHttp2(session, PATH, REQUEST);
  if (status === "0") return { isServing: body.equals(SERVING), reasons: "" };
  throw new Error(status === "" ? "no answer of gRPC: is this Weir's gRPC port?" : `gRPC status ${status}`);
}
