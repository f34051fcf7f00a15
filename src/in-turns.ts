import { setImmediate as nextTurn } from "node:timers/promises";

/** How long decisions may have to wait for a turn of such work, in milliseconds. */
const TURN_MILLIS = 0.5;

/**
 * Does work in small parts: after half a millisecond of it whatever else waits in this thread gets its turn.
 * @param parts does one small part for each item that it yields
 */
export async function inTurns(parts: Iterable<void>): Promise<void> {
  // Else the first turn would come on top of what is being done, and the second right behind it.
  await nextTurn();
  let endsMillis = performance.now() + TURN_MILLIS;
  for (const _ of parts) {
    if (performance.now() < endsMillis) continue;
    await nextTurn();
    endsMillis = performance.now() + TURN_MILLIS;
  }
}
