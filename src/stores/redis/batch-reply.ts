import type { Charge, Outcome, Verdict } from "../store.js";

/** Numbers of one charge in the reply to a whole request, and to a part of one. */
const WHOLE_WIDTH = 4;
const PART_WIDTH = 9;

/** What became of a part of a request, if the request is admitted and if it is not. */
export interface PartReply {
  /** Whether this part refuses by itself: then it took nothing. */
  readonly refuses: boolean;
  readonly ifAdmitted: readonly Outcome[];
  readonly ifRefused: readonly Outcome[];
  /** One to one with the charges: tokens that the bucket missed to be full before. */
  readonly missing: readonly number[];
  /** One to one with the charges: tokens that all of them together took of the bucket, to go back if the request is refused. */
  readonly taken: readonly number[];
}

/**
 * Checks the outer form of a reply of `scripts/batch.lua`, laid out as its head says.
 * @returns Redis' time and an entry for each operation, or undefined when it is not such a reply
 */
export function readBatchReply(
  reply: unknown,
  operations: number,
): { readonly nowMicros: number; readonly entries: readonly unknown[] } | undefined {
  if (!Array.isArray(reply) || reply.length !== operations + 1) return undefined;
  const [nowMicros, ...entries] = reply as readonly unknown[];
  return Number.isSafeInteger(nowMicros) ? { nowMicros: nowMicros as number, entries } : undefined;
}

/** Reads the entry of a whole request; undefined when it is none. */
export function readVerdict(entry: unknown, charges: readonly Charge[]): Verdict | undefined {
  const admitted = readHead(entry, charges.length, WHOLE_WIDTH);
  if (admitted === undefined) return undefined;
  const outcomes = new Array<Outcome>(charges.length);
  for (let i = 0; i < charges.length; i++) {
    const at = 1 + WHOLE_WIDTH * i;
    const outcome = readOutcome(entry as readonly unknown[], at, at + 1);
    if (outcome === undefined) return undefined;
    outcomes[i] = outcome;
  }
  return { admitted, outcomes };
}

/** Reads the entry of a part; undefined when it is none. */
export function readPart(entry: unknown, charges: readonly Charge[]): PartReply | undefined {
  const admits = readHead(entry, charges.length, PART_WIDTH);
  if (admits === undefined) return undefined;
  const fields = entry as readonly unknown[];
  const ifAdmitted: Outcome[] = [];
  const ifRefused: Outcome[] = [];
  const missing: number[] = [];
  const taken: number[] = [];
  for (let at = 1; at < fields.length; at += PART_WIDTH) {
    const admitted = readOutcome(fields, at, at + 1);
    const refused = readOutcome(fields, at, at + 4);
    if (admitted === undefined || refused === undefined) return undefined;
    if (!Number.isSafeInteger(fields[at + 7]) || !Number.isSafeInteger(fields[at + 8])) return undefined;
    ifAdmitted.push(admitted);
    ifRefused.push(refused);
    missing.push(fields[at + 7] as number);
    taken.push(fields[at + 8] as number);
  }
  return { refuses: !admits, ifAdmitted, ifRefused, missing, taken };
}

function readHead(entry: unknown, charges: number, width: number): boolean | undefined {
  if (!Array.isArray(entry) || entry.length !== 1 + width * charges) return undefined;
  if (entry[0] === 1) return true;
  return entry[0] === 0 ? false : undefined;
}

/** @param numbersAt where tokens, untilFullMicros and untilFitsMicros are */
function readOutcome(fields: readonly unknown[], flagsAt: number, numbersAt: number): Outcome | undefined {
  const flags = fields[flagsAt];
  const tokens = fields[numbersAt];
  const untilFullMicros = readMicros(fields[numbersAt + 1]);
  const untilFitsMicros = readMicros(fields[numbersAt + 2]);
  if (flags !== 0 && flags !== 1 && flags !== 2 && flags !== 3) return undefined;
  if (!Number.isSafeInteger(tokens) || untilFullMicros === undefined || untilFitsMicros === undefined) return undefined;
  return {
    fits: flags === 1 || flags === 3,
    settled: flags >= 2,
    tokens: tokens as number,
    untilFullMicros,
    untilFitsMicros,
  };
}

function readMicros(value: unknown): number | undefined {
  if (value === -1) return Number.POSITIVE_INFINITY;
  if (typeof value === "string") return /^\d+$/.test(value) ? Number(value) : undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
