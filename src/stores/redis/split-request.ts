import { isAdmitted } from "../admission.js";
import type { Charge, Outcome, StoreFailure, Verdict } from "../store.js";
import type { Receipt } from "./batch-command.js";
import { type PartReply, readPart } from "./batch-reply.js";
import type { Lane } from "./lane.js";
import { notOurReply } from "./not-our-reply.js";
import type { AnsweredCall, WaitingDecision } from "./waiting-decision.js";

/** Those charges of a request that one call decides. */
export interface Part {
  readonly lane: Lane;
  readonly charges: Charge[];
  /** Where each of them stands among the request's. */
  readonly indexes: number[];
}

/** A part that has been decided, for as far as it goes. */
interface DecidedPart extends PartReply {
  readonly part: Part;
  readonly takenAtMicros: number;
}

/** Deals the charges of a request out. Charges on one bucket stay together, in order. */
export function splitRequest(
  charges: readonly Charge[],
  laneOf: (key: string) => Lane,
  groupOf: (key: string, lane: Lane) => unknown,
): readonly Part[] {
  const parts = new Map<unknown, Part>();
  charges.forEach((charge, index) => {
    const lane = laneOf(charge.key);
    const group = groupOf(charge.key, lane);
    let part = parts.get(group);
    if (part === undefined) {
      part = { lane, charges: [], indexes: [] };
      parts.set(group, part);
    }
    part.charges.push(charge);
    part.indexes.push(index);
  });
  return [...parts.values()];
}

/**
 * Decides over a request in parts (D4). Each part takes what fits; if all of it together admits, that stands. If not, what was
 * taken is given back once, by receipt. Meanwhile another request may be refused that would have passed; none is admitted too
 * many. If one part does not answer, nobody knows what the whole would have been: D13 decides, and what was taken stays taken
 * unless another part refused.
 * @param submit what the parts have in common with any decision
 */
export async function decideInParts(
  charges: readonly Charge[],
  parts: readonly Part[],
  submit: Pick<WaitingDecision, "deadlineMillis" | "caller">,
): Promise<{ readonly verdict: Verdict; readonly receipts: readonly GiveBack[] }> {
  const answers = await Promise.allSettled(parts.map((part) => decidePart(part, submit)));
  const decided = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed !== undefined) {
    const refuses = decided.some((part) => part.refuses);
    throw new PartFailure(failed.reason as StoreFailure, refuses ? receiptsOf(decided) : []);
  }
  const admitted = isAdmitted(charges, merge(charges, decided, "ifAdmitted"));
  const outcomes = merge(charges, decided, admitted ? "ifAdmitted" : "ifRefused");
  return { verdict: { admitted, outcomes }, receipts: admitted ? [] : receiptsOf(decided) };
}

/** What goes back to the buckets of one part. */
export interface GiveBack {
  readonly lane: Lane;
  readonly receipts: readonly Receipt[];
}

/** A part did not answer; others may have something to give back. */
export class PartFailure extends Error {
  override readonly name = "PartFailure";
  readonly failure: StoreFailure;
  readonly receipts: readonly GiveBack[];

  constructor(failure: StoreFailure, receipts: readonly GiveBack[]) {
    super(failure.message);
    this.failure = failure;
    this.receipts = receipts;
  }
}

function decidePart(part: Part, submit: Pick<WaitingDecision, "deadlineMillis" | "caller">): Promise<DecidedPart> {
  const { lane, charges } = part;
  return new Promise((resolve, reject) => {
    const onEntry = (entry: readonly unknown[], call: AnsweredCall): void => {
      const reply = readPart(entry, charges);
      if (reply === undefined) reject(notOurReply());
      else resolve({ ...reply, part, takenAtMicros: call.nowMicros });
    };
    lane.submit({
      operation: { kind: "part", charges },
      ...submit,
      onEntry,
      onFailure: reject,
      isSettled: false,
      isRetried: false,
    });
  });
}

function merge(
  charges: readonly Charge[],
  decided: readonly DecidedPart[],
  which: "ifAdmitted" | "ifRefused",
): readonly Outcome[] {
  const outcomes = new Array<Outcome>(charges.length);
  for (const { part, [which]: own } of decided) {
    part.indexes.forEach((index, at) => {
      outcomes[index] = own[at] as Outcome;
    });
  }
  return outcomes;
}

function receiptsOf(decided: readonly DecidedPart[]): readonly GiveBack[] {
  return decided
    .map((part) => ({ lane: part.part.lane, receipts: part.refuses ? [] : receiptsOfPart(part) }))
    .filter(({ receipts }) => receipts.length > 0);
}

/** A receipt for each bucket from which something was taken in vain. What paid for a pending charge was not (D5). */
function receiptsOfPart({ part, missing, taken, takenAtMicros }: DecidedPart): readonly Receipt[] {
  const receipts = new Map<string, Receipt>();
  part.charges.forEach(({ key, limit, action }, at) => {
    const receipt = receipts.get(key) ?? {
      key,
      limit,
      takenAtMicros,
      missing: missing[at] as number,
      hits: taken[at] as number,
      peeks: 0,
    };
    receipts.set(key, action === "peek" ? { ...receipt, peeks: receipt.peeks + 1 } : receipt);
  });
  return [...receipts.values()].filter(({ hits, peeks }) => hits > 0 || peeks > 0);
}
