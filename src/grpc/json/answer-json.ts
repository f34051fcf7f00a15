import type { Decision } from "../../engine/decision.js";
import type { RateLimitRequest } from "../../engine/request.js";
import {
  type CallContext,
  STATUS_CODES,
  type StatusCode,
  type UnaryAnswer,
  type UnaryHandler,
} from "../unary-handler.js";
import { requestFromJson } from "./request-from-json.js";
import { responseToJson } from "./response-to-json.js";

const HTTP_STATUSES: Readonly<Record<StatusCode, number>> = {
  [STATUS_CODES.INVALID_ARGUMENT]: 400,
  // As proxies log a client that has gone: it never reads this.
  [STATUS_CODES.CANCELLED]: 499,
  [STATUS_CODES.INTERNAL]: 500,
  [STATUS_CODES.UNAVAILABLE]: 503,
};

/** An answer over HTTP: its status and its body, which is JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * ShouldRateLimit for POST /json, as envoyproxy/ratelimit has it: 200 when OK, 429 when OVER_LIMIT, else an object
 * with an `error` under 400 (the request), 503 (the store) or 500 (Weir).
 */
export function createAnswerJson(
  shouldRateLimit: UnaryHandler<RateLimitRequest, Decision>,
): (text: string, caller: CallContext) => Promise<JsonAnswer> {
  return async (text, caller) => {
    const parsed = requestFromJson(text);
    if ("error" in parsed) return errorAnswer(400, parsed.error);
    return answerOverHttp(await shouldRateLimit(parsed.request, caller));
  };
}

function answerOverHttp(answer: UnaryAnswer<Decision>): JsonAnswer {
  if ("status" in answer) return errorAnswer(HTTP_STATUSES[answer.status.code], answer.status.message);
  const { response } = answer;
  return { status: response.overallCode === "OK" ? 200 : 429, body: JSON.stringify(responseToJson(response)) };
}

function errorAnswer(status: number, error: string): JsonAnswer {
  return { status, body: JSON.stringify({ error }) };
}
