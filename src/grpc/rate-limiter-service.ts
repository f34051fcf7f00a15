import type { Decision } from "../engine/decision.js";
import type { RateLimitRequest } from "../engine/request.js";
import type { LimitRequest } from "./codec/decode-limit-request.js";
import { answerBy, type RateLimitServiceParts } from "./rate-limit-service.js";
import { STATUS_CODES, type UnaryHandler } from "./unary-handler.js";

/** The methods of the direct API. */
export interface RateLimiterHandlers {
  readonly checkLimit: UnaryHandler<LimitRequest, Decision>;
  readonly getStatus: UnaryHandler<LimitRequest, Decision>;
}

export interface RateLimiterServiceParts extends Pick<RateLimitServiceParts, "reportFault"> {
  /** Decides and takes: throws EngineError, or rejects with one. */
  readonly check: RateLimitServiceParts["decide"];
  /** Says what `check` would, and takes nothing. */
  readonly look: RateLimitServiceParts["decide"];
}

/** The direct API. A request that makes no sense is INVALID_ARGUMENT with the name of the field. */
export function createRateLimiter({ check, look, reportFault }: RateLimiterServiceParts): RateLimiterHandlers {
  return {
    checkLimit: limitHandler({ decide: check, reportFault }),
    getStatus: limitHandler({ decide: look, reportFault }),
  };
}

function limitHandler(parts: RateLimitServiceParts): UnaryHandler<LimitRequest, Decision> {
  const answer = answerBy(parts, "a request of the direct API failed");
  return (request, context) => {
    const fault = findFault(request);
    if (fault !== undefined) return { status: { code: STATUS_CODES.INVALID_ARGUMENT, message: fault } };
    return answer(engineRequest(request), context);
  };
}

/** The first fault of a request, with the path of its field. */
function findFault({ domain, descriptors, hits }: LimitRequest): string | undefined {
  if (domain === "") return "domain: must not be empty";
  if (descriptors.length === 0) return "descriptors: must not be empty";
  for (const [index, entries] of descriptors.entries()) {
    const path = `descriptors[${index}].entries`;
    if (entries.length === 0) return `${path}: must not be empty`;
    const keyless = entries.findIndex(({ key }) => key === "");
    if (keyless >= 0) return `${path}[${keyless}].key: must not be empty`;
  }
  return hits === 0 ? "hits: must be at least 1; GetStatus is what takes nothing" : undefined;
}

/** The hits are those of the request, and not of its descriptors: they settle no announced cost (D5). */
function engineRequest({ domain, descriptors, hits = 1 }: LimitRequest): RateLimitRequest {
  return { domain, hitsAddend: hits, descriptors: descriptors.map((entries) => ({ entries, isNegativeHits: false })) };
}
