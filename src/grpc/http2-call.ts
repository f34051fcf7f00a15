import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";

/** gRPC's five bytes before a message: not compressed, and its length. */
const PREFIX_BYTES = 5;

/** What is kept of an answer's body. */
const MOST_BYTES = 1_000;

/** How a call ended. */
export interface Http2Answer {
  /** `grpc-status`, in digits; empty: there was none, so whoever answered does not speak gRPC. */
  readonly status: string;
  /** `grpc-message` as it came. */
  readonly words: string;
  /** The beginning of the body, with what gRPC puts before the message. */
  readonly body: Buffer;
}

/**
 * Makes a unary call by Node's own HTTP/2: for those who cannot wait until a gRPC library is loaded.
 * @param path `/package.Service/Method`
 * @param message its bytes
 * @throws Error (as a promise) when the stream fails
 */
export function callOverHttp2(session: ClientHttp2Session, path: string, message: Buffer): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let [status, words, body] = ["", "", Buffer.alloc(0)];
    const readStatus = (headers: IncomingHttpHeaders): void => {
      status = String(headers["grpc-status"] ?? status);
      words = String(headers["grpc-message"] ?? words);
    };
    // An answer without a body has its status in its first headers.
    stream.on("response", readStatus);
    stream.on("trailers", readStatus);
    stream.on("data", (part: Buffer) => {
      if (body.length < MOST_BYTES) body = Buffer.concat([body, part]);
    });
    stream.on("error", reject);
    stream.on("close", () => resolve({ status, words, body }));
    const framed = Buffer.alloc(PREFIX_BYTES + message.length);
    framed.writeUInt32BE(message.length, 1);
    message.copy(framed, PREFIX_BYTES);
    stream.end(framed);
  });
}
