import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { callOverHttp2 } from "../../grpc/http2-call.js";
import { formatAddress, type ListenAddress } from "../../net/listen-address.js";
import type { ServingAnswer } from "./serving-answer.js";

const PATH = "/grpc.health.v1.Health/Check";

/** An empty HealthCheckRequest: it asks about the whole server. */
const REQUEST = Buffer.alloc(0);

/** HealthCheckResponse behind gRPC's five bytes (not compressed, length 2): its field 1, `status`, is SERVING. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);

/**
 * Asks the gRPC health service, by Node's own HTTP/2: to load a gRPC library would take longer than to ask.
 * @param address where it answers without TLS
 * @throws Error (as a promise) whose message says why there is no answer
 */
export async function askGrpcHealth(address: ListenAddress, timeoutMillis: number): Promise<ServingAnswer> {
  const session = openSession(address);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ServingAnswer>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`timed out after ${timeoutMillis} ms`)), timeoutMillis);
      session.on("error", reject);
      session.on("close", () => reject(new Error("the connection was closed")));
      call(session).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

function openSession(address: ListenAddress): ClientHttp2Session {
  if (!("path" in address)) return connect(`http://${formatAddress(address)}`);
  return connect("http://localhost", { createConnection: () => connectSocket(address.path) });
}

async function call(session: ClientHttp2Session): Promise<ServingAnswer> {
  const { status, body } = await callOverHttp2(session, PATH, REQUEST);
  if (status === "0") return { isServing: body.equals(SERVING), reasons: "" };
  throw new Error(status === "" ? "not a gRPC answer: is this Weir's gRPC port?" : `gRPC status ${status}`);
}
