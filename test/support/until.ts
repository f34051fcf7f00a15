import { setTimeout as pause } from "node:timers/promises";

const PAUSE_MS = 20;

/**
 * Waits until `condition` gives something other than undefined, and gives that.
 * @param what the condition in words, for the error
 * @throws Error when it does not come true within `timeoutMillis`
 */
export async function until<T>(
  what: string,
  condition: () => T | undefined | Promise<T | undefined>,
  timeoutMillis = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMillis;
  for (;;) {
    const result = await condition();
    if (result !== undefined) return result;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMillis} ms: ${what}`);
    await pause(PAUSE_MS);
  }
}
