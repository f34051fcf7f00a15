import { lookup } from "node:dns/promises";
import {
  type ServiceDefinition as GrpcJsServiceDefinition,
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { formatAddress, type ListenAddress, listenFailure } from "../net/listen-address.js";
import type { GrpcServer, ServiceDefinition, ServiceImplementation, UnaryMethod } from "./grpc-server.js";
import { Health } from "./health.js";
import { unaryCall } from "./unary-call.js";

/** A request larger than this, after decompression, is refused with RESOURCE_EXHAUSTED. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** A gRPC server on @grpc/grpc-js, with the health service. */
export class GrpcJsServer implements GrpcServer {
  readonly #server = new Server({ "grpc.max_receive_message_length": MAX_REQUEST_BYTES });
  readonly #health = new Health();

  constructor() {
    // What grpc-js prints to stderr reaches us as errors too, and would be a second line of another form.
    setLogVerbosity(logVerbosity.NONE);
    this.#health.addTo(this);
  }

  addUnary<Request, Response>({ name, definition, handler }: UnaryMethod<Request, Response>): void {
    this.addService({ [name]: definition }, { [name]: unaryCall(handler) });
  }

  addService(definition: ServiceDefinition, implementation: ServiceImplementation): void {
    // grpc-js asks for the client's half of a definition too, and never uses it.
    this.#server.addService(
      definition as unknown as GrpcJsServiceDefinition,
      implementation as UntypedServiceImplementation,
    );
  }

  async listen(address: ListenAddress): Promise<number> {
    try {
      if ("path" in address) return await this.#bind(formatAddress(address));
      // One address, as node:net does: grpc-js is content when any of a name's addresses is free.
      const { address: host } = await lookup(address.host);
      return await this.#bind(formatAddress({ host, port: address.port }));
    } catch (error) {
      throw listenFailure("gRPC", address, error as Error);
    }
  }

  setServing(serving: boolean): void {
    this.#health.setServing(serving);
  }

  shutdown(deadlineMillis: number): Promise<void> {
    this.#health.close();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.forceShutdown(), deadlineMillis);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #bind(address: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
  }
}
