import type { LiveControls } from "../admin/controls/live-controls.js";
import type { Store } from "../stores/store.js";
import type { OpenedRules } from "./open-rules.js";
import type { Condition } from "./serving.js";

/**
 * The store has been reached, and what operators decided before this process began has been read from it: that holds
 * from the first request.
 */
export function storeCondition(
  store: Pick<Store, "kind" | "isReady" | "whyNotReady">,
  controls: Pick<LiveControls, "hasRead">,
): Condition {
  return {
    isMet: () => store.isReady() && controls.hasRead,
    whyNot: () => {
      if (store.isReady()) return `the overrides have not been read from the ${store.kind} store yet`;
      const why = store.whyNotReady?.();
      return `the ${store.kind} store has not been reached yet${why === undefined ? "" : `: ${why}`}`;
    },
  };
}

/** There are rules, or Weir may be ready without. */
export function rulesCondition(openedRules: Pick<OpenedRules, "isReady">): Condition {
  return {
    isMet: () => openedRules.isReady(),
    whyNot: () => "no rules have been received from the control plane yet",
  };
}
