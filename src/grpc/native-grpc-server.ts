import type { GrpcServerOptions } from "../grpc-server/options.js";
import { GrpcServer as NativeServer, type ServerCounters } from "../grpc-server/server.js";
import type { CallStatus } from "../grpc-server/status.js";
import type { TlsSettings } from "../grpc-server/tls-settings.js";
import type { UnaryAnswer as NativeAnswer } from "../grpc-server/unary-call.js";
import { type ListenAddress, listenFailure } from "../net/listen-address.js";
import type { GrpcServer, ServiceDefinition, ServiceImplementation, UnaryMethod } from "./grpc-server.js";
import { Health } from "./health.js";
import { STATUS_CODES, type UnaryAnswer } from "./unary-handler.js";

/** Our own HTTP/2 server as the server of Weir's services, with the health service. */
export class NativeGrpcServer implements GrpcServer {
  readonly #server: NativeServer;
  readonly #tls: TlsSettings | undefined;
  readonly #health = new Health();

  /** @param tls without it, connections are plain */
  constructor(options: GrpcServerOptions = {}, tls?: TlsSettings) {
    this.#server = new NativeServer(options);
    this.#tls = tls;
    this.#health.addTo(this);
  }

  /** What the server has seen, to be read at any time. */
  get counters(): ServerCounters {
    return this.#server.counters;
  }

  /** The fast lane: bytes in, bytes out, and nothing between them and the handler but its codec. */
  addUnary<Request, Response>({ definition, handler }: UnaryMethod<Request, Response>): void {
    const { path, requestDeserialize, responseSerialize } = definition;
    const answer = (answered: UnaryAnswer<Response>): NativeAnswer => {
      if ("status" in answered) return { code: answered.status.code, details: answered.status.message };
      try {
        return responseSerialize(answered.response);
      } catch (error) {
        return internal("serializing response", error);
      }
    };
    this.#server.addUnary(path, (message, call) => {
      let request: Request;
      try {
        request = requestDeserialize(message);
      } catch (error) {
        return internal("deserializing request", error);
      }
      const answered = handler(request, call);
      return answered instanceof Promise ? answered.then(answer) : answer(answered);
    });
  }

  addService(definition: ServiceDefinition, implementation: ServiceImplementation): void {
    this.#server.addService(definition, implementation);
  }

  async listen(address: ListenAddress): Promise<number> {
    try {
      return await this.#server.listen(address, this.#tls);
    } catch (error) {
      throw listenFailure("gRPC", address, error as Error);
    }
  }

  setServing(serving: boolean): void {
    this.#health.setServing(serving);
  }

  async shutdown(deadlineMillis: number): Promise<void> {
    this.#health.close();
    await this.#server.shutdown(deadlineMillis);
  }
}

/** As grpc-js answers bytes that are not the message, and responses that cannot be written. */
function internal(doing: string, error: unknown): CallStatus {
  return { code: STATUS_CODES.INTERNAL, details: `Error ${doing}: ${(error as Error).message}` };
}
