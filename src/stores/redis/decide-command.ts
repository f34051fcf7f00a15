import type { Charge } from "../store.js";

/** KEYS and ARGV of `scripts/decide.lua`. */
export interface DecideCommand {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/**
 * Writes a request as `scripts/decide.lua` reads it: each bucket once, with the limit of its first charge.
 * @param keyPrefix what all keys start with, as `encodeKeyPrefix` gives it
 * @param lapseMicros how long a pending charge is kept (D5)
 */
export function decideCommand(charges: readonly Charge[], keyPrefix: string, lapseMicros: number): DecideCommand {
  const indexes = new Map<string, number>();
  const keys: string[] = [];
  const limitArgs: (string | number)[] = [];
  const chargeArgs: (string | number)[] = [];
  for (const { key, limit, role, action, hits } of charges) {
    let index = indexes.get(key);
    if (index === undefined) {
      index = keys.push(keyPrefix + key);
      indexes.set(key, index);
      limitArgs.push(limit.algorithm, limit.tokensPerPeriod, limit.periodMicros, limit.burst, limit.maxDebt);
    }
    chargeArgs.push(index, role, action, hits);
  }
  return { keys, args: [lapseMicros, ...limitArgs, ...chargeArgs] };
}

/**
 * A prefix that no other prefix can be mistaken for, whatever bucket comes after it: it ends with the only `|` in it.
 * Braces are escaped too, since in a Redis Cluster they would put all keys into one slot.
 */
export function encodeKeyPrefix(prefix: string): string {
  const escaped = prefix.replace(/[%|{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${escaped}|`;
}
