import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CallBounds, DecisionQueue } from "../../../../src/stores/redis/decision-queue.js";
import type { WaitingDecision } from "../../../../src/stores/redis/waiting-decision.js";
import { MINUTE, perPeriod, take } from "../../../conformance/store-harness.js";
import { runs } from "../../../support/property-runs.js";

const LIMIT = perPeriod(10, MINUTE);

/** A decision over these buckets. */
function waiting(...keys: readonly string[]): WaitingDecision {
  return {
    operation: { kind: "whole", charges: keys.map((key) => take(key, LIMIT)) },
    deadlineMillis: 0,
    caller: undefined,
    onEntry: () => undefined,
    onFailure: () => undefined,
    isSettled: false,
    isRetried: false,
  };
}

function queueOf(...decisions: readonly WaitingDecision[]): DecisionQueue {
  const queue = new DecisionQueue();
  for (const decision of decisions) queue.push(decision);
  return queue;
}

/** A call's bounds. */
function upTo(maxBuckets: number, maxDecisions = 256): CallBounds {
  return { maxBuckets, maxDecisions };
}

const any = (): boolean => true;

function keysOf(batch: readonly WaitingDecision[]): string[] {
  return batch.map(({ operation }) => (operation.kind === "give_back" ? "" : (operation.charges[0]?.key ?? "")));
}

/** All that waits, in order. */
function visited(queue: DecisionQueue): WaitingDecision[] {
  const all: WaitingDecision[] = [];
  queue.forEach((decision) => {
    all.push(decision);
  });
  return all;
}

describe("a queue of decisions", () => {
  it("serves who came first", () => {
    const all = ["a", "b", "c", "d", "e"].map((key) => waiting(key));
    const queue = queueOf(...all);
    expect(queue.takeBatch(upTo(2), any)).toEqual(all.slice(0, 2));
    expect(queue.takeBatch(upTo(2), any)).toEqual(all.slice(2, 4));
    expect(queue.length).toBe(1);
    expect(queue.takeBatch(upTo(2), any)).toEqual(all.slice(4));
    expect(queue.takeBatch(upTo(2), any)).toEqual([]);
    expect(queue.length).toBe(0);
  });

  it("counts a bucket once, however many ask for it", () => {
    const all = [waiting("a", "b"), waiting("b", "a"), waiting("a"), waiting("c"), waiting("b")];
    const queue = queueOf(...all);
    expect(queue.takeBatch(upTo(2), any)).toEqual(all.slice(0, 3));
    expect(queue.takeBatch(upTo(2), any)).toEqual(all.slice(3));
  });

  it("lets nobody overtake one that needs more buckets than are left", () => {
    const all = [waiting("a"), waiting("b", "c"), waiting("a")];
    const queue = queueOf(...all);
    expect(queue.takeBatch(upTo(2), any)).toEqual(all.slice(0, 1));
    expect(queue.takeBatch(upTo(2), any)).toEqual([all[1]]);
  });

  it("sends a decision over more buckets than a call has by itself", () => {
    const large = waiting(...Array.from({ length: 70 }, (_, i) => `k${i}`));
    const queue = queueOf(waiting("a"), large, waiting("k1"), waiting("b"));
    expect(keysOf(queue.takeBatch(upTo(64), any))).toEqual(["a"]);
    // One on a bucket of the same adds no bucket, but there is no room.
    expect(queue.takeBatch(upTo(64), any)).toEqual([large]);
    expect(keysOf(queue.takeBatch(upTo(64), any))).toEqual(["k1", "b"]);
  });

  it("takes so many decisions at once at most, however few their buckets are", () => {
    const queue = queueOf(...Array.from({ length: 300 }, () => waiting("hot")));
    expect(queue.takeBatch(upTo(64, 200), any)).toHaveLength(200);
    expect(queue.takeBatch(upTo(64, 200), any)).toHaveLength(100);
  });

  it("passes over what was settled meanwhile, without asking whether it is wanted", () => {
    const all = ["a", "b", "c", "d"].map((key) => waiting(key));
    const queue = queueOf(...all);
    (all[0] as WaitingDecision).isSettled = true;
    (all[2] as WaitingDecision).isSettled = true;
    const asked: WaitingDecision[] = [];
    const batch = queue.takeBatch(upTo(4), (decision) => asked.push(decision) > 0);
    expect(batch).toEqual([all[1], all[3]]);
    expect(asked).toEqual(batch);
    expect(queue.length).toBe(0);
  });

  it("drops what is not wanted, and gives its place to the next", () => {
    const all = ["a", "b", "c", "d"].map((key) => waiting(key));
    const queue = queueOf(...all);
    expect(queue.takeBatch(upTo(2), (decision) => decision !== all[0])).toEqual(all.slice(1, 3));
    expect(queue.takeBatch(upTo(2), (decision) => decision !== all[3])).toEqual([]);
    expect(queue.length).toBe(0);
  });

  it("takes back what goes again ahead of all others, in its order", () => {
    const all = ["a", "b", "c", "d"].map((key) => waiting(key));
    const queue = queueOf(...all);
    const taken = queue.takeBatch(upTo(2), any);
    queue.push(waiting("e"));
    queue.putBack(taken);
    expect(queue.length).toBe(5);
    expect(keysOf(visited(queue))).toEqual(["a", "b", "c", "d", "e"]);
    expect(keysOf(queue.takeBatch(upTo(64), any))).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("forgets settled ones at its head, and keeps the others in order", () => {
    const all = ["a", "b", "c", "d"].map((key) => waiting(key));
    const queue = queueOf(...all);
    for (const at of [0, 1, 3]) (all[at] as WaitingDecision).isSettled = true;
    queue.dropSettled();
    expect(queue.length).toBe(2);
    expect(visited(queue)).toEqual(all.slice(2));
  });

  it("takes, keeps and drops as a plain list would, whatever is asked of it", () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant("push" as const), many: fc.integer({ min: 1, max: 900 }) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant("take" as const), most: fc.integer({ min: 1, max: 300 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("return" as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("settle" as const), every: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const) }) },
    );
    const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new DecisionQueue();
      let plain: WaitingDecision[] = [];
      let taken: WaitingDecision[] = [];
      let pushed = 0;
      for (const each of steps) {
        if (each.kind === "push") {
          const more = Array.from({ length: each.many }, () => waiting(`k${pushed++}`));
          for (const decision of more) queue.push(decision);
          plain.push(...more);
        } else if (each.kind === "take") {
          plain = plain.filter(({ isSettled }) => !isSettled);
          taken = queue.takeBatch(upTo(each.most), any);
          expect(taken).toEqual(plain.splice(0, Math.min(each.most, 256)));
        } else if (each.kind === "return") {
          queue.putBack(taken);
          plain.unshift(...taken);
          taken = [];
        } else if (each.kind === "settle") {
          for (let at = 0; at < plain.length; at += each.every) (plain[at] as WaitingDecision).isSettled = true;
        } else {
          queue.dropSettled();
        }
        expect(visited(queue).filter(({ isSettled }) => !isSettled)).toEqual(
          plain.filter(({ isSettled }) => !isSettled),
        );
      }
    });
    fc.assert(property, { numRuns: runs(100) });
  });
});
