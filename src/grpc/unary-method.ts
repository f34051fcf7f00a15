import type { MethodDefinition } from "./grpc-server.js";

/** How a method's messages are read and written. */
export interface UnaryCodec<Request, Response> {
  /** @throws Error for bytes that are not the message */
  readonly decode: (bytes: Uint8Array) => Request;
  readonly encode: (message: Response) => Buffer;
}

/**
 * The definition that a server adds a method by.
 * @param service `package.Service`
 */
export function unaryMethod<Request, Response>(
  service: string,
  name: string,
  { decode, encode }: UnaryCodec<Request, Response>,
): MethodDefinition<Request, Response> {
  return {
    path: `/${service}/${name}`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: decode,
    responseSerialize: encode,
  };
}
