/**
 * Why a request got no decision.
 * - invalid_request: the caller's mistake; the message says which (D10).
 * - no_rules: none have come yet, so nobody knows what is limited.
 * - store_failure: the store failed and `error` is what D13 says then.
 * - cancelled: the caller went away before anything was charged.
 */
export type EngineErrorKind = "invalid_request" | "no_rules" | "store_failure" | "cancelled";

export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
