import type { PackageDefinition, ServiceDefinition } from "@grpc/proto-loader";
import type { Decision } from "../engine/decision.js";
import type { RateLimitRequest } from "../engine/request.js";
import { decodeRequest } from "./codec/decode-request.js";
import { encodeResponse } from "./codec/encode-response.js";
import type { MethodDefinition } from "./grpc-server.js";

export const RATE_LIMIT_SERVICE = "envoy.service.ratelimit.v3.RateLimitService";

/** The service's methods, with a codec between bytes and the engine's own types. */
export type RateLimitDefinition = {
  readonly ShouldRateLimit: MethodDefinition<RateLimitRequest, Decision>;
};

/** The definition that a server adds the service by. `requestDeserialize` throws on bytes that are not the message. */
export function rateLimitDefinition(packageDefinition: PackageDefinition): RateLimitDefinition {
  const { ShouldRateLimit: method } = packageDefinition[RATE_LIMIT_SERVICE] as ServiceDefinition;
  if (method === undefined) throw new Error(`proto/ has no ${RATE_LIMIT_SERVICE}/ShouldRateLimit`);
  return {
    ShouldRateLimit: {
      path: method.path,
      requestStream: false,
      responseStream: false,
      requestDeserialize: decodeRequest,
      responseSerialize: encodeResponse,
    },
  };
}
