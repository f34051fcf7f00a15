import type { Decision } from "../engine/decision.js";
import type { RateLimitRequest } from "../engine/request.js";
import type { ServiceRegistry } from "./grpc-server.js";
import { loadPackageDefinition } from "./package-definition.js";
import { rateLimitDefinition } from "./rate-limit-definition.js";
import { addReflection } from "./reflection.js";
import { unaryCall } from "./unary-call.js";
import type { UnaryHandler } from "./unary-handler.js";

/** Adds the rate limit service to a server, and reflection about it. */
export function addRateLimitService(
  registry: ServiceRegistry,
  shouldRateLimit: UnaryHandler<RateLimitRequest, Decision>,
): void {
  const packageDefinition = loadPackageDefinition();
  registry.addService(rateLimitDefinition(packageDefinition), { ShouldRateLimit: unaryCall(shouldRateLimit) });
  addReflection(registry, packageDefinition);
}
