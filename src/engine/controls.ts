import type { OverrideIndex } from "./override-index.js";

/** What operators decide while Weir runs. Read anew for every request. */
export interface Controls {
  /** Decide and charge as ever, but let every request through, as with the setting global-shadow. */
  readonly isPaused: boolean;
  /** Limits for exact descriptors; undefined where there are none. */
  readonly overrides: OverrideIndex | undefined;
}

/** Nobody decides anything. */
export const NO_CONTROLS: Controls = { isPaused: false, overrides: undefined };
