import type { PackageDefinition, ServiceDefinition } from "@grpc/proto-loader";
import type { Decision } from "../engine/decision.js";
import { decodeLimitRequest, type LimitRequest } from "./codec/decode-limit-request.js";
import { encodeLimitResponse } from "./codec/encode-limit-response.js";
import type { MethodDefinition } from "./grpc-server.js";

export const RATE_LIMITER_SERVICE = "weir.v1.RateLimiter";

/** The direct API's methods, with a codec between bytes and the engine's own types. */
export type RateLimiterDefinition = {
  readonly CheckLimit: MethodDefinition<LimitRequest, Decision>;
  readonly GetStatus: MethodDefinition<LimitRequest, Decision>;
};

/** The definition that a server adds the service by. `requestDeserialize` throws on bytes that are not the message. */
export function rateLimiterDefinition(packageDefinition: PackageDefinition): RateLimiterDefinition {
  const service = packageDefinition[RATE_LIMITER_SERVICE] as ServiceDefinition;
  return { CheckLimit: methodOf(service, "CheckLimit"), GetStatus: methodOf(service, "GetStatus") };
}

function methodOf(service: ServiceDefinition, name: string): MethodDefinition<LimitRequest, Decision> {
  const method = service[name];
  if (method === undefined) throw new Error(`proto/ has no ${RATE_LIMITER_SERVICE}/${name}`);
  return {
    path: method.path,
    requestStream: false,
    responseStream: false,
    requestDeserialize: decodeLimitRequest,
    responseSerialize: encodeLimitResponse,
  };
}
