// Requests with three API keys: of ten requests one has the key with a low limit, one that with a higher one, and eight
// one that is never limited, so that each of them takes a token.
import { ask, turn } from "./ask.js";

/** The keys by what they are limited to, as the summary calls them. */
export const KEYS = ["slow", "brisk", "wide"];

export function askWithKey() {
  const key = KEYS[Math.min(turn() % 10, KEYS.length - 1)];
  ask(key, "/api/items", { "x-api-key": `load-${key}` });
}
