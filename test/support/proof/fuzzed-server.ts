import type { GrpcServerOptions } from "../../../src/grpc-server/options.js";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import type { UnaryHandler } from "../../../src/grpc-server/unary-call.js";
import { FUZZ_PATHS } from "./fuzz-conversation.js";
import { SHOULD_RATE_LIMIT } from "./proof-server.js";

interface StreamingCall extends NodeJS.ReadWriteStream {
  emit(event: "error", status: object): boolean;
}

/** A server with methods of all kinds, and what must be known to say that it is well. */
export class FuzzedServer {
  readonly server: GrpcServer;
  readonly faults: unknown[] = [];
  port = 0;
  /** Calls that wait for their callers to give up. */
  hanging = 0;

  constructor(options: GrpcServerOptions) {
    this.server = new GrpcServer({ ...options, onFault: (error) => this.faults.push(error) });
    const lanes: Record<string, UnaryHandler> = {
      [FUZZ_PATHS.echo]: (message) => message,
      [FUZZ_PATHS.later]: (message) => new Promise((resolve) => setImmediate(() => resolve(message))),
      [FUZZ_PATHS.hang]: (_message, call) => this.#hang(call),
      [FUZZ_PATHS.fail]: () => ({ code: 14, details: "the störe is away" }),
      [FUZZ_PATHS.large]: (message) => Buffer.alloc(message.length * 30),
      [SHOULD_RATE_LIMIT]: () => Buffer.from([8, 1]),
    };
    for (const [path, handler] of Object.entries(lanes)) this.server.addUnary(path, handler);
    this.#addStreams();
  }

  static async start(options: GrpcServerOptions): Promise<FuzzedServer> {
    const fuzzed = new FuzzedServer(options);
    fuzzed.port = await fuzzed.server.listen({ host: "127.0.0.1", port: 0 });
    return fuzzed;
  }

  #hang(call: Parameters<UnaryHandler>[1]): Promise<Buffer> {
    this.hanging += 1;
    return new Promise((resolve) =>
      call.onCancel(() => {
        this.hanging -= 1;
        resolve(Buffer.alloc(0));
      }),
    );
  }

  #addStreams(): void {
    const bytes = (value: Buffer): Buffer => value;
    const codec = { requestDeserialize: bytes, responseSerialize: bytes };
    const talk = (call: StreamingCall): void => {
      call.on("data", (message: Buffer) => {
        if (message[0] === 13) call.emit("error", { code: 9, details: "told to fail" });
        else call.write(message);
      });
      call.on("end", () => call.end());
    };
    const spread = (call: StreamingCall & { request: Buffer }): void => {
      for (let left = call.request.length % 50; left > 0; left--) call.write(call.request);
      call.end();
    };
    this.server.addService(
      {
        talk: { path: FUZZ_PATHS.talk, requestStream: true, responseStream: true, ...codec },
        spread: { path: FUZZ_PATHS.spread, requestStream: false, responseStream: true, ...codec },
      },
      { talk, spread },
    );
  }

  /** @throws Error when something is left of a connection that is gone, or went wrong on our side */
  check(openConnections: number): void {
    const { h2 } = this.server.counters;
    if (this.faults.length > 0) throw new Error("a fault of the server's own", { cause: this.faults[0] });
    if (h2.connectionErrors.INTERNAL_ERROR > 0) throw new Error("INTERNAL_ERROR");
    if (h2.connectionsOpen !== openConnections) throw new Error(`${h2.connectionsOpen} connections are open`);
    if (h2.streamsOpen !== 0) throw new Error(`${h2.streamsOpen} streams are open`);
    if (this.hanging !== 0) throw new Error(`${this.hanging} calls hang without their callers`);
  }
}
