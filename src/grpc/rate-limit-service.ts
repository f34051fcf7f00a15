import type { Decision } from "../engine/decision.js";
import { EngineError, type EngineErrorKind } from "../engine/engine-error.js";
import type { EngineCaller, RateLimitRequest } from "../engine/request.js";
import { STATUS_CODES, type StatusCode, type UnaryAnswer, type UnaryHandler } from "./unary-handler.js";

const CODES: Readonly<Record<EngineErrorKind, StatusCode>> = {
  invalid_request: STATUS_CODES.INVALID_ARGUMENT,
  no_rules: STATUS_CODES.UNAVAILABLE,
  store_failure: STATUS_CODES.UNAVAILABLE,
  cancelled: STATUS_CODES.CANCELLED,
};

export interface RateLimitServiceParts {
  /** The engine: throws EngineError, or rejects with one. */
  readonly decide: (request: RateLimitRequest, caller: EngineCaller) => Decision | Promise<Decision>;
  /** Told of what went wrong in Weir itself: what was tried, and the error as it was. Must not throw. */
  readonly reportFault: (message: string, error: unknown) => void;
}

/** The method ShouldRateLimit. */
export function createShouldRateLimit(parts: RateLimitServiceParts): UnaryHandler<RateLimitRequest, Decision> {
  return answerBy(parts, "a rate limit request failed");
}

/**
 * Answers requests by the engine's decisions. A request that makes no sense is INVALID_ARGUMENT; a failed store (D13), and
 * rules that have not come yet, are UNAVAILABLE, so that the proxy's failure mode decides; CANCELLED is for a caller that
 * went away and will not read it; anything else is a fault of ours, INTERNAL and without details.
 * @param fault what is told of such a fault
 */
export function answerBy(parts: RateLimitServiceParts, fault: string): UnaryHandler<RateLimitRequest, Decision> {
  const { decide, reportFault } = parts;
  const failed = (error: unknown): UnaryAnswer<Decision> => {
    if (error instanceof EngineError) return { status: { code: CODES[error.kind], message: error.message } };
    reportFault(fault, error);
    return { status: { code: STATUS_CODES.INTERNAL, message: "internal error" } };
  };
  return (request, context) => {
    try {
      const decision = decide(request, context);
      return decision instanceof Promise ? decision.then(respond, failed) : respond(decision);
    } catch (error) {
      return failed(error);
    }
  };
}

function respond(decision: Decision): UnaryAnswer<Decision> {
  return { response: decision };
}
