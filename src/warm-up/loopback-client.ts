import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";

/** gRPC's five bytes before a message: not compressed, and its length. */
const PREFIX_BYTES = 5;

/** Calls a gRPC server of this process, as a proxy does: HTTP/2 over TCP. */
export class LoopbackClient {
  readonly #session: ClientHttp2Session;
  readonly #head: Readonly<Record<string, string>>;
  #failure: Error | undefined;

  /**
   * @param port of 127.0.0.1
   * @param path `/package.Service/Method`
   */
  constructor(port: number, path: string) {
    this.#head = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on("error", (error) => {
      this.#failure = error;
    });
  }

  /**
   * Calls once.
   * @param message its bytes
   * @throws Error (as a promise) unless the answer's status is OK
   */
  call(message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#session.destroyed) throw this.#failure ?? new Error("the connection was closed");
      const stream = this.#session.request(this.#head);
      let [status, words] = ["none", ""];
      const readStatus = (headers: IncomingHttpHeaders): void => {
        status = String(headers["grpc-status"] ?? status);
        words = String(headers["grpc-message"] ?? words);
      };
      stream.on("response", readStatus);
      stream.on("trailers", readStatus);
      stream.on("error", reject);
      stream.on("close", () => {
        if (status === "0") resolve();
        else reject(this.#failure ?? new Error(`gRPC status ${status} ${words}`));
      });
      stream.resume();
      const framed = Buffer.alloc(PREFIX_BYTES + message.length);
      framed.writeUInt32BE(message.length, 1);
      message.copy(framed, PREFIX_BYTES);
      stream.end(framed);
    });
  }

  close(): void {
    this.#session.destroy();
  }
}
