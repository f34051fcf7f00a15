import type { Outcome, Verdict } from "../store.js";

/** Numbers of one outcome in the reply. */
const OUTCOME_LENGTH = 5;

/**
 * Reads the reply of `scripts/decide.lua`, laid out as its head says.
 * @param chargeCount how many charges were sent
 * @returns undefined when it is not such a reply
 */
export function readVerdict(reply: unknown, chargeCount: number): Verdict | undefined {
  if (!Array.isArray(reply) || reply.length !== 1 + OUTCOME_LENGTH * chargeCount) return undefined;
  const admitted = readFlag(reply[0]);
  if (admitted === undefined) return undefined;
  const outcomes: Outcome[] = [];
  for (let at = 1; at < reply.length; at += OUTCOME_LENGTH) {
    const outcome = readOutcome(reply, at);
    if (outcome === undefined) return undefined;
    outcomes.push(outcome);
  }
  return { admitted, outcomes };
}

function readOutcome(reply: readonly unknown[], at: number): Outcome | undefined {
  const fits = readFlag(reply[at]);
  const settled = readFlag(reply[at + 1]);
  const tokens = reply[at + 2];
  const untilFullMicros = readMicros(reply[at + 3]);
  const untilFitsMicros = readMicros(reply[at + 4]);
  if (fits === undefined || settled === undefined || !Number.isSafeInteger(tokens)) return undefined;
  if (untilFullMicros === undefined || untilFitsMicros === undefined) return undefined;
  return { fits, settled, tokens: tokens as number, untilFullMicros, untilFitsMicros };
}

function readFlag(value: unknown): boolean | undefined {
  if (value === 1) return true;
  return value === 0 ? false : undefined;
}

function readMicros(value: unknown): number | undefined {
  if (value === -1) return Number.POSITIVE_INFINITY;
  if (typeof value === "string") return /^\d+$/.test(value) ? Number(value) : undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
