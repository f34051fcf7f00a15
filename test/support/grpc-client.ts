import { type CallOptions, type ChannelOptions, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { loadSync, type MethodDefinition, type ServiceDefinition } from "@grpc/proto-loader";

/** A message as proto-loader has it: names of the .proto files, 64-bit numbers as text, defaults filled in. */
export type Message = Readonly<Record<string, unknown>>;

type Method = MethodDefinition<object, object>;

const LOADED = loadSync(["envoy/service/ratelimit/v3/rls.proto", "health/v1/health.proto"], {
  includeDirs: ["proto", "node_modules/grpc-health-check/proto"],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
});
const SHOULD_RATE_LIMIT = method("envoy.service.ratelimit.v3.RateLimitService", "ShouldRateLimit");
const CHECK = method("grpc.health.v1.Health", "Check");
const WATCH = method("grpc.health.v1.Health", "Watch");

function method(service: string, name: string): Method {
  return (LOADED[service] as ServiceDefinition)[name] as Method;
}

/** A small client of Weir's gRPC port. Failed calls reject with grpc-js's ServiceError: `code` and `details`. */
export class GrpcClient {
  readonly #client: Client;

  /** @param security plain, unless it is told */
  constructor(port: number, options: ChannelOptions = {}, security = credentials.createInsecure()) {
    // A pool of its own: another test's connection to this port must not be taken.
    const own = { "grpc.use_local_subchannel_pool": 1, "grpc.max_receive_message_length": -1 };
    this.#client = new Client(`127.0.0.1:${port}`, security, { ...own, ...options });
  }

  /** @param fields what goes along as metadata */
  shouldRateLimit(
    request: Message,
    options?: CallOptions,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<Message> {
    return this.#unary(SHOULD_RATE_LIMIT, request, options, fields);
  }

  /** ShouldRateLimit with these bytes as its request, whatever they are; answers with bytes. */
  shouldRateLimitBytes(bytes: Buffer, options: CallOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const same = (message: Buffer): Buffer => message;
      this.#client.makeUnaryRequest(SHOULD_RATE_LIMIT.path, same, same, bytes, options, settle(resolve, reject));
    });
  }

  /** The health of a service: SERVING or NOT_SERVING. */
  async health(service = ""): Promise<string> {
    return String((await this.#unary(CHECK, { service })).status);
  }

  /** Watches the health of a service; gives what has been answered so far, and when the server has ended the call. */
  watchHealth(service = ""): { readonly statuses: readonly string[]; readonly ended: Promise<void> } {
    const statuses: string[] = [];
    const { path, requestSerialize, responseDeserialize } = WATCH;
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service });
    call.on("data", (message: Message) => statuses.push(String(message.status)));
    return { statuses, ended: new Promise((resolve) => call.on("end", resolve).on("error", () => resolve())) };
  }

  close(): void {
    this.#client.close();
  }

  #unary(
    { path, requestSerialize, responseDeserialize }: Method,
    request: Message,
    options: CallOptions = {},
    fields: Readonly<Record<string, string>> = {},
  ) {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
    return new Promise<Message>((resolve, reject) => {
      const callback = settle<object>((message) => resolve(message as Message), reject);
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, callback);
    });
  }
}

function settle<T>(resolve: (response: T) => void, reject: (error: Error) => void) {
  return (error: ServiceError | null, response?: T): void => {
    if (error === null && response !== undefined) resolve(response);
    else reject(error ?? new Error("neither a response nor an error"));
  };
}
