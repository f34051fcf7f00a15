import type { FaultTexts } from "../fault-texts.js";

/** How loading rules again ended. */
export type ReloadResult =
  | { readonly kind: "reloaded"; readonly seconds: number; readonly faults: FaultTexts }
  /** Of what has errors the last good rules stay; the rest is in force. */
  | { readonly kind: "partial"; readonly seconds: number; readonly faults: FaultTexts }
  | { readonly kind: "unchanged"; readonly seconds: number }
  | { readonly kind: "refused"; readonly seconds: number; readonly faults: FaultTexts };

/** A result, and when it was there. */
export type PastReload = ReloadResult & { readonly at: Date };
