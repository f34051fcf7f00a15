import type { Decision } from "../engine/decision.js";
import type { RateLimitRequest } from "../engine/request.js";
import type { GrpcServer } from "./grpc-server.js";
import { loadPackageDefinition } from "./package-definition.js";
import { RATE_LIMIT_METHODS } from "./rate-limit-definition.js";
import { RATE_LIMITER_METHODS } from "./rate-limiter-definition.js";
import type { RateLimiterHandlers } from "./rate-limiter-service.js";
import { addReflection } from "./reflection.js";
import type { UnaryHandler } from "./unary-handler.js";

/** What answers the methods of all services. */
export interface ServiceHandlers extends RateLimiterHandlers {
  readonly shouldRateLimit: UnaryHandler<RateLimitRequest, Decision>;
}

/** Adds Envoy's rate limit service and the direct API to a server, and reflection about them. */
export function addServices(server: GrpcServer, handlers: ServiceHandlers): void {
  const { ShouldRateLimit } = RATE_LIMIT_METHODS;
  const { CheckLimit, GetStatus } = RATE_LIMITER_METHODS;
  server.addUnary({ name: "ShouldRateLimit", definition: ShouldRateLimit, handler: handlers.shouldRateLimit });
  server.addUnary({ name: "CheckLimit", definition: CheckLimit, handler: handlers.checkLimit });
  server.addUnary({ name: "GetStatus", definition: GetStatus, handler: handlers.getStatus });
  addReflection(server, loadPackageDefinition());
}
