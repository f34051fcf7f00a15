import type { MetadataSource } from "./metadata-fields.js";
import type { MethodDefinition } from "./service-definition.js";
import { type CallStatus, STATUS } from "./status.js";

/** A decoded request. */
export interface Decoded {
  readonly request: unknown;
}

/** Decodes a request; what cannot be decoded ends the call. */
export function decodeRequest(method: MethodDefinition, bytes: Buffer): Decoded | CallStatus {
  try {
    return { request: method.requestDeserialize(bytes) };
  } catch {
    return { code: STATUS.INTERNAL, details: "Error deserializing request" };
  }
}

/** Encodes a response; what cannot be encoded is the method's fault, and ends the call. */
export function encodeResponse(method: MethodDefinition, response: unknown): Uint8Array | CallStatus {
  try {
    return method.responseSerialize(response as never);
  } catch {
    return { code: STATUS.INTERNAL, details: "Error serializing response" };
  }
}

/** Metadata where a method of the grpc-js contract may give some, or nothing, or something else. */
export function metadataOf(value: unknown): MetadataSource | undefined {
  return typeof Object(value).toHttp2Headers === "function" ? (value as MetadataSource) : undefined;
}
