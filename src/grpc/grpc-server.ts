import type { ListenAddress } from "../net/listen-address.js";
import type { UnaryHandler } from "./unary-handler.js";

/** The server's half of one method of a service, as proto-loader, grpc-js and generated code all have it. */
export interface MethodDefinition<Request = unknown, Response = never> {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** The method's other name that an implementation may go by, such as `shouldRateLimit`. */
  readonly originalName?: string;
  /** Throws on bytes that are not the message. */
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (response: Response) => Buffer;
}

/** Methods by name. */
export interface ServiceDefinition {
  readonly [method: string]: MethodDefinition;
}

/** Methods by name or original name, each taking what grpc-js gives: a call, and for unary methods a callback. */
export interface ServiceImplementation {
  readonly [method: string]: (call: never, callback: never) => void;
}

/** Where services are added: the contract of grpc-js, so that services made for it (health, reflection) fit any server. */
export interface ServiceRegistry {
  addService(definition: ServiceDefinition, implementation: ServiceImplementation): void;
}

/** A unary method with the handler that answers it. */
export interface UnaryMethod<Request, Response> {
  readonly name: string;
  readonly definition: MethodDefinition<Request, Response>;
  readonly handler: UnaryHandler<Request, Response>;
}

/** A gRPC server with its life: services are added, it listens, it shuts down. */
export interface GrpcServer extends ServiceRegistry {
  /** Adds a method that is called for every request of a proxy, in the way that costs this server least. */
  addUnary<Request, Response>(method: UnaryMethod<Request, Response>): void;

  /**
   * Starts to take connections.
   * @returns the port, which differs from the address where that asks for any (0); 0 for a unix socket
   * @throws Error whose message says in one line what is wrong, such as an address in use
   */
  listen(address: ListenAddress): Promise<number>;

  /** What the health service answers from now on; NOT_SERVING until this is called. */
  setServing(serving: boolean): void;

  /** Takes no new calls, lets those in flight end, and after the deadline ends them. Resolves when all is closed. */
  shutdown(deadlineMillis: number): Promise<void>;
}
