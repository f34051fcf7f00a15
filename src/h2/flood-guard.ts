import { Budget } from "./budget.js";
import { ConnectionError } from "./connection-error.js";
import type { H2Counters } from "./counters.js";
import { ERROR_CODE } from "./error-code.js";
import type { H2Limits } from "./limits.js";
import type { Stream } from "./stream.js";

/** What a reset or a stream error of the peer's making counts for, in frames that ask for no work. */
const STREAM_ERROR_PIECES = 4;

/**
 * Sends away peers whose frames are nothing but work for us.
 *
 * A reset is not such a frame. A proxy whose calls all run into its timeout resets thousands of streams a second and means
 * no harm: each of them had its time, and cost the proxy that time and a place among its open streams. What makes
 * CVE-2023-44487 is streams given no time at all, which get round the limit of open streams. So only resets of streams
 * younger than a few milliseconds are counted, and since a stall of ours can make a whole burst of honest streams look
 * that young (both frames are read together), the allowance is as large as what a proxy could send on one connection.
 * Below it an attacker gains nothing over plain requests: work that goes on for a reset stream holds its place until it
 * ends (`maxAbandonedStreams`), and a stream reset before its request is complete costs about a microsecond.
 */
export class FloodGuard {
  readonly #limits: H2Limits;
  readonly #counters: H2Counters;
  readonly #overhead: Budget;
  readonly #quickResets: Budget;

  constructor(limits: H2Limits, counters: H2Counters, nowMillis: number) {
    this.#limits = limits;
    this.#counters = counters;
    this.#overhead = new Budget(limits.overheadBurst, limits.overheadPerSecond, nowMillis);
    this.#quickResets = new Budget(limits.quickResetBurst, limits.quickResetsPerSecond, nowMillis);
  }

  /** Notes frames that ask for no work. @throws ConnectionError when they are too many */
  overhead(nowMillis: number, frames = 1): void {
    if (this.#overhead.spend(frames, nowMillis)) return;
    throw new ConnectionError(ERROR_CODE.ENHANCE_YOUR_CALM, "too many frames that ask for no work");
  }

  /** Notes a stream that the peer made us reset (CVE-2025-8671 is a flood of these). */
  streamError(nowMillis: number): void {
    this.overhead(nowMillis, STREAM_ERROR_PIECES);
  }

  /** Notes frames of use. */
  useful(frames: number): void {
    this.#overhead.earn(frames * this.#limits.overheadPerUsefulFrame);
  }

  /** Notes that the peer resets an open stream, before it is closed. @throws ConnectionError when too many were given no time */
  reset(stream: Stream, nowMillis: number): void {
    if (nowMillis - stream.openedAtMillis >= this.#limits.quickResetMillis) return;
    this.#counters.quickResets += 1;
    if (this.#quickResets.spend(1, nowMillis)) return;
    throw new ConnectionError(ERROR_CODE.ENHANCE_YOUR_CALM, "too many streams that were given no time");
  }
}
