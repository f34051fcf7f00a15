import { type ChannelCredentials, Client, type ServiceError, status } from "@grpc/grpc-js";
import type { MethodDefinition, ServiceDefinition } from "@grpc/proto-loader";
import type { Entry } from "../rules/rule.js";
import { loadPackageDefinition } from "./package-definition.js";
import { RATE_LIMIT_SERVICE } from "./rate-limit-definition.js";

/** What to ask a rate limit service. */
export interface RateLimitQuestion {
  readonly domain: string;
  /** The entries of each descriptor. */
  readonly descriptors: readonly (readonly Entry[])[];
  /** 0 is a peek, as Envoy sends one: a descriptor's own hits_addend. */
  readonly hits: number;
}

/** What it answered to one descriptor. */
export interface AnsweredStatus {
  /** `OK`, `OVER_LIMIT` or `UNKNOWN`. */
  readonly code: string;
  readonly limit?: {
    readonly requestsPerUnit: number;
    /** In capitals. */
    readonly unit: string;
    readonly unitMultiplier: number;
    /** Empty where it has none. */
    readonly name: string;
  };
  readonly remaining: number;
  readonly resetSeconds?: number;
}

export interface RateLimitAnswer {
  readonly code: string;
  readonly statuses: readonly AnsweredStatus[];
  /** For the client of the request. */
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

/** There was no answer. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** A RateLimitResponse as proto-loader reads it by the options below. */
interface Response {
  readonly overall_code: string;
  readonly statuses: readonly {
    readonly code: string;
    readonly current_limit: {
      readonly requests_per_unit: number;
      readonly unit: string;
      readonly name: string;
      readonly unit_multiplier: { readonly value: number } | null;
    } | null;
    readonly limit_remaining: number;
    readonly duration_until_reset: { readonly seconds: number; readonly nanos: number } | null;
  }[];
  readonly response_headers_to_add: RateLimitAnswer["headers"];
}

/** Asks a rate limit service as Envoy does, Weir or another one. */
export class RateLimitClient {
  readonly #client: Client;
  readonly #method: MethodDefinition<object, Response>;

  /** @param address host:port */
  constructor(address: string, credentials: ChannelCredentials) {
    // Whoever asks a server wants that one, and not what a proxy makes of its address.
    this.#client = new Client(address, credentials, { "grpc.enable_http_proxy": 0 });
    const loaded = loadPackageDefinition({ longs: Number, enums: String, defaults: true });
    const service = loaded[RATE_LIMIT_SERVICE] as ServiceDefinition;
    this.#method = service.ShouldRateLimit as MethodDefinition<object, Response>;
  }

  /**
   * Asks once.
   * @throws NoAnswer (as a promise) whose message says why there is none
   */
  ask(question: RateLimitQuestion, timeoutMillis: number): Promise<RateLimitAnswer> {
    const { path, requestSerialize, responseDeserialize } = this.#method;
    const deadline = Date.now() + timeoutMillis;
    return new Promise((resolve, reject) => {
      const answered = (error: ServiceError | null, response?: Response): void => {
        if (response !== undefined && error === null) resolve(answerOf(response));
        else reject(new NoAnswer(error === null ? "no response" : describeError(error)));
      };
      const request = requestOf(question);
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, { deadline }, answered);
    });
  }

  close(): void {
    this.#client.close();
  }
}

function describeError({ code, details }: ServiceError): string {
  // grpc-js says this even where it has nothing to note.
  return `${status[code]}: ${details.replace(/\s*Resolution note:\s*$/, "")}`;
}

function requestOf({ domain, descriptors, hits }: RateLimitQuestion): object {
  const peek = hits === 0 ? { hits_addend: { value: 0 } } : {};
  return { domain, hits_addend: hits, descriptors: descriptors.map((entries) => ({ entries, ...peek })) };
}

function answerOf({ overall_code, statuses, response_headers_to_add }: Response): RateLimitAnswer {
  return {
    code: overall_code,
    statuses: statuses.map(statusOf),
    headers: response_headers_to_add.map(({ key, value }) => ({ key, value })),
  };
}

function statusOf({ code, current_limit, limit_remaining, duration_until_reset }: Response["statuses"][number]) {
  return {
    code,
    ...(current_limit === null ? {} : { limit: limitOf(current_limit) }),
    remaining: limit_remaining,
    ...(duration_until_reset === null ? {} : { resetSeconds: duration_until_reset.seconds }),
  };
}

function limitOf(limit: NonNullable<Response["statuses"][number]["current_limit"]>): AnsweredStatus["limit"] & object {
  const { requests_per_unit: requestsPerUnit, unit, name, unit_multiplier } = limit;
  return { requestsPerUnit, unit, unitMultiplier: unit_multiplier?.value ?? 1, name };
}
