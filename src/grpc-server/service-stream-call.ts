import { Duplex } from "node:stream";
import type { Metadata } from "./metadata.js";
import type { MetadataSource } from "./metadata-fields.js";
import { decodeRequest, encodeResponse, metadataOf } from "./service-codec.js";
import type { MethodDefinition, SendResponse, ServiceMethod } from "./service-definition.js";
import { type CallStatus, STATUS, statusFromError } from "./status.js";
import type { StreamCall, StreamCallOwner } from "./stream-call.js";

/**
 * What a streaming method of the grpc-js contract is given: an object stream of requests where they stream, of responses
 * where those do. Emits "cancelled"; an "error" that is emitted on it ends the call with the status it means.
 */
export class ServiceStreamCall extends Duplex implements StreamCallOwner {
  cancelled = false;
  /** The one request of a method whose requests do not stream. */
  request: unknown = undefined;

  readonly #call: StreamCall;
  readonly #method: MethodDefinition;
  readonly #implementation: ServiceMethod;
  #hasRequest = false;
  #status: CallStatus = { code: STATUS.OK };
  #trailers: MetadataSource | undefined;

  constructor(call: StreamCall, method: MethodDefinition, implementation: ServiceMethod) {
    super({ objectMode: true });
    this.#call = call;
    this.#method = method;
    this.#implementation = implementation;
    this.on("error", (error) => this.#onError(error));
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  /** Begins to serve: at once where requests stream, else when the one has come. */
  start(): void {
    if (this.#method.requestStream) this.#run();
    else this.#call.want();
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
    this.#call.sendMetadata(metadataOf(metadata));
  }

  /** Ends the call, after all that was written. @param metadata trailing metadata */
  override end(metadata?: unknown): this {
    this.#trailers = metadataOf(metadata) ?? this.#trailers;
    return super.end();
  }

  /** A peer that does not take its answers is not read on either, or they would pile up here. */
  override _read(): void {
    if (this.writableNeedDrain) this.once("drain", () => this.#call.want());
    else this.#call.want();
  }

  override _write(response: unknown, _encoding: string, callback: (error?: Error | null) => void): void {
    const encoded = encodeResponse(this.#method, response);
    if (encoded instanceof Uint8Array) this.#call.sendMessage(encoded, callback);
    else this.#call.finish(encoded);
  }

  override _final(callback: (error?: Error | null) => void): void {
    callback();
    this.#call.finish({ ...this.#status, metadata: this.#status.metadata ?? this.#trailers });
  }

  onMessage(message: Buffer): void {
    const decoded = decodeRequest(this.#method, message);
    if ("code" in decoded) {
      this.#call.onFault(decoded);
    } else if (this.#method.requestStream) {
      this.push(decoded.request);
    } else if (this.#hasRequest) {
      this.#call.onFault({ code: STATUS.UNIMPLEMENTED, details: "more than one request" });
    } else {
      this.#hasRequest = true;
      this.request = decoded.request;
      this.#call.want();
    }
  }

  onEnd(): void {
    this.push(null);
    if (this.#method.requestStream) return;
    if (this.#hasRequest) this.#run();
    else this.#call.onFault({ code: STATUS.UNIMPLEMENTED, details: "no request" });
  }

  onFinished(isCancelled: boolean): void {
    if (isCancelled) {
      this.cancelled = true;
      this.emit("cancelled", "cancelled");
    }
    this.destroy();
  }

  #run(): void {
    const send: SendResponse = (error, response, trailers) => this.#respond(error, response, trailers);
    try {
      const returned = this.#implementation(this, this.#method.responseStream ? undefined : send);
      if (returned instanceof Promise) returned.catch((error: unknown) => this.#call.fail(error));
    } catch (error) {
      this.#call.fail(error);
    }
  }

  #respond(error: unknown, response: unknown, trailers: unknown): void {
    if (error) {
      this.#call.finish(statusFromError(error, metadataOf(trailers)));
      return;
    }
    const encoded = encodeResponse(this.#method, response);
    if (!(encoded instanceof Uint8Array)) {
      this.#call.finish(encoded);
      return;
    }
    this.#call.sendMessage(encoded, () => {});
    this.#call.finish({ code: STATUS.OK, metadata: metadataOf(trailers) });
  }

  #onError(error: Error): void {
    this.#status = statusFromError(error);
    if (this.destroyed || !this.#method.responseStream) this.#call.finish(this.#status);
    else super.end();
  }
}
