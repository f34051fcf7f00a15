import type { H2Counters } from "./counters.js";
import type { H2Limits } from "./limits.js";
import type { RequestListener } from "./stream.js";

/** What all connections of a server share. */
export interface H2Context {
  readonly limits: H2Limits;
  readonly counters: H2Counters;
  readonly onRequest: RequestListener;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  /** A number from 0 to 1. */
  readonly random: () => number;
  /** Told of errors that nobody should have thrown; the connection they came up on is ended. */
  readonly onFault: (error: unknown) => void;
}
