import { decodeRequest } from "./codec/decode-request.js";
import { encodeResponse } from "./codec/encode-response.js";
import { unaryMethod } from "./unary-method.js";

export const RATE_LIMIT_SERVICE = "envoy.service.ratelimit.v3.RateLimitService";

/** The service's methods, with a codec between bytes and the engine's own types. */
export const RATE_LIMIT_METHODS = {
  ShouldRateLimit: unaryMethod(RATE_LIMIT_SERVICE, "ShouldRateLimit", {
    decode: decodeRequest,
    encode: encodeResponse,
  }),
};
