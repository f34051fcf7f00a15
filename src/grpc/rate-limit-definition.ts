import type {
  PackageDefinition,
  MethodDefinition as ProtoMethodDefinition,
  ServiceDefinition,
} from "@grpc/proto-loader";
import type { Decision } from "../engine/decision.js";
import type { RateLimitRequest } from "../engine/request.js";
import type { RateLimitRequestMessage, RateLimitResponseMessage } from "./codec/messages.js";
import { requestFromMessage } from "./codec/request-from-message.js";
import { responseToMessage } from "./codec/response-to-message.js";
import type { MethodDefinition } from "./grpc-server.js";

export const RATE_LIMIT_SERVICE = "envoy.service.ratelimit.v3.RateLimitService";

/** The service's methods, with a codec between bytes and the engine's own types. */
export type RateLimitDefinition = {
  readonly ShouldRateLimit: MethodDefinition<RateLimitRequest, Decision>;
};

type MessageMethod = ProtoMethodDefinition<
  object,
  RateLimitResponseMessage,
  RateLimitRequestMessage,
  RateLimitResponseMessage
>;

/** The definition that a server adds the service by. `requestDeserialize` throws on bytes that are not the message. */
export function rateLimitDefinition(packageDefinition: PackageDefinition): RateLimitDefinition {
  const service = packageDefinition[RATE_LIMIT_SERVICE] as ServiceDefinition;
  const method = service.ShouldRateLimit as MessageMethod;
  return {
    ShouldRateLimit: {
      path: method.path,
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes) => requestFromMessage(method.requestDeserialize(bytes)),
      responseSerialize: (decision) => method.responseSerialize(responseToMessage(decision)),
    },
  };
}
