/** The status codes of gRPC that our services answer with. */
export const STATUS_CODES = {
  INVALID_ARGUMENT: 3,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export type StatusCode = (typeof STATUS_CODES)[keyof typeof STATUS_CODES];

/** Why a call got no response. */
export interface CallStatus {
  readonly code: StatusCode;
  /** For the caller. */
  readonly message: string;
}

/** What a call is answered with: a response, or a status that is not OK. */
export type UnaryAnswer<Response> = { readonly response: Response } | { readonly status: CallStatus };

/** What is known of a call besides its request. */
export interface CallContext {
  /** How long the caller will wait from now on, milliseconds, 0 when it has gone; absent when it did not say. */
  readonly remainingMillis?: number;
}

/**
 * A unary method of a service, whatever server is around it: a decoded request in, an answer out, at once where that
 * can be. It never throws and never rejects.
 */
export type UnaryHandler<Request, Response> = (
  request: Request,
  context: CallContext,
) => UnaryAnswer<Response> | Promise<UnaryAnswer<Response>>;
