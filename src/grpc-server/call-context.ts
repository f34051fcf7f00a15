import type { BufferAllowance } from "./buffer-allowance.js";
import type { CallCounters } from "./call-counters.js";
import type { DeadlineWheel } from "./deadline-wheel.js";
import type { Decompressor } from "./decompressor.js";

/** What all calls of a server share. */
export interface CallContext {
  readonly maxMessageBytes: number;
  readonly allowance: BufferAllowance;
  readonly decompressor: Decompressor;
  readonly deadlines: DeadlineWheel;
  readonly counters: CallCounters;
  /** Milliseconds that never go back; the clock of streams and deadlines. */
  readonly clock: () => number;
  /** Told of what handlers throw and should not have. */
  readonly onFault: (error: unknown) => void;
}
