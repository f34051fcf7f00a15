import { EventEmitter } from "node:events";
import type { Metadata } from "./metadata.js";
import { decodeRequest, encodeResponse, metadataOf } from "./service-codec.js";
import type { MethodDefinition, SendResponse, ServiceMethod } from "./service-definition.js";
import { statusFromError } from "./status.js";
import type { UnaryCall, UnaryRunner } from "./unary-call.js";

/** What a unary method of the grpc-js contract is given. Emits "cancelled". */
class ServiceUnaryCall extends EventEmitter {
  cancelled = false;
  readonly request: unknown;
  readonly #call: UnaryCall;

  constructor(call: UnaryCall, request: unknown) {
    super();
    this.#call = call;
    this.request = request;
    call.onCancel(() => {
      this.cancelled = true;
      this.emit("cancelled", "cancelled");
    });
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  getPeer(): string {
    return this.#call.peer;
  }

  getPath(): string {
    return this.#call.path;
  }

  getHost(): string {
    return this.#call.authority;
  }

  /** Milliseconds since 1970, Infinity where the caller set none. */
  getDeadline(): number {
    return Date.now() + this.#call.remainingMillis;
  }

  getAuthContext(): object {
    return {};
  }

  sendMetadata(metadata: unknown): void {
    const source = metadataOf(metadata);
    if (source !== undefined) this.#call.sendMetadata(source);
  }
}

/** A unary method of the grpc-js contract as the fast lane runs it. */
export function unaryRunner(method: MethodDefinition, implementation: ServiceMethod): UnaryRunner {
  return (message, call) => {
    const decoded = decodeRequest(method, message);
    if ("code" in decoded) return decoded;
    const send: SendResponse = (error, response, trailers) => {
      if (error) call.answer(statusFromError(error, metadataOf(trailers)));
      else call.answer(encodeResponse(method, response), metadataOf(trailers));
    };
    const returned = implementation(new ServiceUnaryCall(call, decoded.request), send);
    if (returned instanceof Promise) returned.catch((error: unknown) => call.fail(error));
    return undefined;
  };
}
