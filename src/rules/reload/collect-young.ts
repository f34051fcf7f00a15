import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { readonly type: "minor" }) => void;

let collect: Collect | undefined;

/**
 * Collects new objects now. To be called now and then while many are made that are there to stay: the collector stops
 * this thread for as long as it moves those that live, 10 ms when 10,000 rules have come since it ran last. In many
 * small parts none is noticed.
 *
 * V8 has no other way to ask for it than the function of `--expose-gc`, which new contexts have once the flag is set.
 * Where it is not to be had, nothing happens, and the collector runs when it likes.
 */
export function collectYoung(): void {
  collect ??= findCollector();
  collect({ type: "minor" });
}

function findCollector(): Collect {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  return typeof found === "function" ? (found as Collect) : () => {};
}
