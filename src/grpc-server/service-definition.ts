/** The server's half of a method, as grpc-js, proto-loader and generated code all have it. */
export interface MethodDefinition {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** Another name that an implementation may go by. */
  readonly originalName?: string | undefined;
  /** Throws on bytes that are not the message. */
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (response: never) => Uint8Array;
}

/** Methods by name; grpc-js's ServiceDefinition is one. */
export interface ServiceDefinition {
  readonly [method: string]: MethodDefinition;
}

/** Methods by name or original name, called as grpc-js calls them; grpc-js's UntypedServiceImplementation is one. */
export interface ServiceImplementation {
  readonly [method: string]: (call: never, callback: never) => unknown;
}

/** A method of an implementation as it is called: with a callback where there is one response. */
export type ServiceMethod = (call: object, callback?: SendResponse) => unknown;

/** How a method answers with one response: an error, or the response and perhaps trailing metadata. */
export type SendResponse = (error: unknown, response?: unknown, trailers?: unknown) => void;
