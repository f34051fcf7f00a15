/** The status codes of gRPC that our services answer with. */
export const STATUS_CODES = {
  CANCELLED: 1,
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

/** What is known of a call besides its request. It lives as the call does: read it again whenever it matters. */
export interface CallContext {
  /** How long the caller will wait from now on, milliseconds: 0 when it has gone, Infinity when it did not say. */
  readonly remainingMillis: number;
  /** Whether nobody waits for an answer any more. */
  readonly isCancelled: boolean;
  /**
   * The first value of a field of text that came with the call, such as `x-request-id`, its name in lower case; undefined
   * where there is none. Costs nothing until it is asked. Absent: the caller cannot send any.
   */
  metadataValue?(name: string): string | undefined;
}

/**
 * A unary method of a service, whatever server is around it: a decoded request in, an answer out, at once where that
 * can be. It never throws and never rejects.
 */
export type UnaryHandler<Request, Response> = (
  request: Request,
  context: CallContext,
) => UnaryAnswer<Response> | Promise<UnaryAnswer<Response>>;
