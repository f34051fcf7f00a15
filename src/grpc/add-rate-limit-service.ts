import type { Decision } from "../engine/decision.js";
import type { RateLimitRequest } from "../engine/request.js";
import type { GrpcServer } from "./grpc-server.js";
import { loadPackageDefinition } from "./package-definition.js";
import { rateLimitDefinition } from "./rate-limit-definition.js";
import { addReflection } from "./reflection.js";
import type { UnaryHandler } from "./unary-handler.js";

/** Adds the rate limit service to a server, and reflection about it. */
export function addRateLimitService(
  server: GrpcServer,
  shouldRateLimit: UnaryHandler<RateLimitRequest, Decision>,
): void {
  const packageDefinition = loadPackageDefinition();
  const { ShouldRateLimit: definition } = rateLimitDefinition(packageDefinition);
  server.addUnary({ name: "ShouldRateLimit", definition, handler: shouldRateLimit });
  addReflection(server, packageDefinition);
}
