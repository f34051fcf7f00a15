import type { MetadataSource } from "./metadata-fields.js";

/** The status codes of gRPC. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** How a call ended. */
export interface CallStatus {
  readonly code: number;
  /** Words for the caller. */
  readonly details?: string | undefined;
  /** Trailing metadata. */
  readonly metadata?: MetadataSource | undefined;
}

/**
 * The status that a handler of the grpc-js contract means by an error: its `code` and `details` where it has them, else
 * UNKNOWN with the error's message.
 */
export function statusFromError(error: unknown, trailers?: MetadataSource): CallStatus {
  const { code, details, message, metadata } = Object(error) as Partial<CallStatus> & { message?: unknown };
  const words = typeof message === "string" ? message : "Unknown Error";
  const trailing = trailers ?? metadata ?? undefined;
  if (!Number.isInteger(code)) return { code: STATUS.UNKNOWN, details: words, metadata: trailing };
  return { code: code as number, details: typeof details === "string" ? details : words, metadata: trailing };
}
