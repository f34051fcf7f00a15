import { decodeLimitRequest } from "./codec/decode-limit-request.js";
import { encodeLimitResponse } from "./codec/encode-limit-response.js";
import { unaryMethod } from "./unary-method.js";

export const RATE_LIMITER_SERVICE = "weir.v1.RateLimiter";

const CODEC = { decode: decodeLimitRequest, encode: encodeLimitResponse };

/** The direct API's methods, with a codec between bytes and the engine's own types. */
export const RATE_LIMITER_METHODS = {
  CheckLimit: unaryMethod(RATE_LIMITER_SERVICE, "CheckLimit", CODEC),
  GetStatus: unaryMethod(RATE_LIMITER_SERVICE, "GetStatus", CODEC),
};
