import type { Arithmetic } from "./arithmetic.js";
import type { BucketLimit } from "./limit.js";
import { dropLapsed, NO_PENDING_CHARGES, type PendingCharges } from "./pending-charges.js";

/**
 * A fixed window as it was when it was last written. Windows are counted from the epoch, in the store's clock. Kept are
 * the tokens left and not the hits taken, so that a new limit adds none to the window that runs (D11).
 */
export interface FixedWindowState {
  /** Which window it was: floor(now / periodMicros). */
  readonly window: number;
  /** Below 0 the windows to come have to pay. */
  readonly tokens: number;
  /** The burst that was in force, which each window since has brought. Of a ban: the one before it. */
  readonly burst: number;
  readonly pending: PendingCharges;
}

/** Full at each start of a window; a debt is paid back by the windows to come. */
export const fixedWindow: Arithmetic<FixedWindowState> = {
  refill,
  refund,
  charge,
  microsUntil,
  keptMicros,
  isOutdated,
};

function refill(state: FixedWindowState | undefined, limit: BucketLimit, nowMicros: number): FixedWindowState {
  const { burst } = limit;
  const window = Math.floor(nowMicros / limit.periodMicros);
  if (state === undefined) return { window, tokens: burst, burst, pending: NO_PENDING_CHARGES };
  return {
    window,
    tokens: tokensAfter(state, window - state.window, burst),
    // A ban would never pay a debt, which would have to be kept for ever: the windows go on as before it.
    burst: burst === 0 ? state.burst : burst,
    pending: dropLapsed(state.pending, nowMicros),
  };
}

/**
 * Each window brings the burst that was in force. One that is full by it has what a window has now, as has one of which
 * nothing is stored. After a step back of the clock no window has passed (D11).
 */
function tokensAfter({ tokens, burst: burstBefore }: FixedWindowState, windows: number, burst: number): number {
  if (windows <= 0) return Math.min(burst, tokens);
  const beforeTheLast = tokens + (windows - 1) * burstBefore;
  return beforeTheLast >= 0 ? burst : Math.min(burst, beforeTheLast + burstBefore);
}

/** Only the window that runs gets them back (D8): it cannot hold more than its burst. */
function refund(state: FixedWindowState, hits: number, { burst }: BucketLimit): FixedWindowState {
  const tokens = Math.min(burst, state.tokens + hits);
  return tokens === state.tokens ? state : { ...state, tokens };
}

function charge(state: FixedWindowState, tokens: number, pending: PendingCharges): FixedWindowState {
  const { window, burst } = state;
  return { window, tokens, burst, pending };
}

function microsUntil(
  wanted: number,
  tokens: number,
  _state: FixedWindowState,
  { burst, periodMicros }: BucketLimit,
  nowMicros: number,
): number {
  if (wanted <= tokens) return 0;
  if (wanted > burst || burst === 0) return Number.POSITIVE_INFINITY;
  return microsToStart(Math.ceil((wanted - tokens) / burst), periodMicros, nowMicros);
}

/** At least to the end of the window: until then a larger limit would fill it. */
function keptMicros({ tokens, burst }: FixedWindowState, { periodMicros }: BucketLimit, nowMicros: number): number {
  if (tokens >= 0) return microsToStart(1, periodMicros, nowMicros);
  if (burst === 0) return Number.POSITIVE_INFINITY;
  return microsToStart(Math.ceil((burst - tokens) / burst), periodMicros, nowMicros);
}

/** To the start of the window that comes so many after this one. */
function microsToStart(windows: number, periodMicros: number, nowMicros: number): number {
  return (windows - 1) * periodMicros + (periodMicros - (nowMicros % periodMicros));
}

/**
 * A window that the clock stepped back from would come a second time, a new burst would count for windows before it,
 * one that cut the tokens would be forgotten, and a window that was seen full would be filled by a larger burst.
 */
function isOutdated(stored: FixedWindowState, refilled: FixedWindowState, limit: BucketLimit): boolean {
  if (refilled.window < stored.window || refilled.burst !== stored.burst || refilled.tokens < stored.tokens)
    return true;
  return refilled.tokens === limit.burst && refilled.window !== stored.window;
}
