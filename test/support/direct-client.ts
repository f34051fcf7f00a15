import { Client, credentials } from "@grpc/grpc-js";
import { loadSync, type MethodDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import type { Message } from "./grpc-client.js";

const SERVICE = loadSync("weir/v1/rate_limiter.proto", {
  includeDirs: ["proto"],
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: false,
})["weir.v1.RateLimiter"] as ServiceDefinition;

/** An application that asks the direct API. Failed calls reject with grpc-js's ServiceError: `code` and `details`. */
export class DirectClient {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  checkLimit(request: Message): Promise<Message> {
    return this.#call("CheckLimit", request);
  }

  getStatus(request: Message): Promise<Message> {
    return this.#call("GetStatus", request);
  }

  /** CheckLimit with these bytes as its request, whatever they are. */
  checkLimitBytes(bytes: Buffer): Promise<Message> {
    const { path, responseDeserialize } = SERVICE.CheckLimit as MethodDefinition<object, Message>;
    return this.#unary(path, (same: Buffer) => same, responseDeserialize, bytes);
  }

  close(): void {
    this.#client.close();
  }

  #call(name: string, request: Message): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = SERVICE[name] as MethodDefinition<object, Message>;
    return this.#unary<object>(path, requestSerialize, responseDeserialize, request);
  }

  #unary<Request>(
    path: string,
    serialize: (request: Request) => Buffer,
    deserialize: (bytes: Buffer) => Message,
    request: Request,
  ): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, serialize, deserialize, request, (error, response) => {
        if (error === null && response !== undefined) resolve(response);
        else reject(error ?? new Error("neither a response nor an error"));
      });
    });
  }
}

/** A request for one descriptor of `key=value` entries. */
export function limitRequest(entries: Record<string, string>, more: Message = {}): Message {
  const list = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { domain: "test", descriptors: [{ entries: list }], ...more };
}
