import { type ClientHttp2Session, connect } from "node:http2";
import { callOverHttp2 } from "../../grpc/http2-call.js";

/** Calls a gRPC server of this process, as a proxy does: HTTP/2 over TCP. */
export class LoopbackClient {
  readonly #session: ClientHttp2Session;
  readonly #path: string;
  #failure: Error | undefined;

  /**
   * @param port of 127.0.0.1
   * @param path `/package.Service/Method`
   */
  constructor(port: number, path: string) {
    this.#path = path;
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
  async call(message: Buffer): Promise<void> {
    if (this.#session.destroyed) throw this.#failure ?? new Error("the connection was closed");
    const { status, words } = await callOverHttp2(this.#session, this.#path, message);
    if (status !== "0") throw this.#failure ?? new Error(`gRPC status ${status} ${words}`);
  }

  close(): void {
    this.#session.destroy();
  }
}
