import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type DiscoveryRequest, RATE_LIMIT_CONFIG } from "../../../../src/grpc/xds/discovery-messages.js";
import { UpdateQueue } from "../../../../src/grpc/xds/update-queue.js";
import type { FaultTexts } from "../../../../src/rules/fault-texts.js";
import { until } from "../../../support/until.js";

const OTHER_TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

/** A queue whose updates are looked at for as long as the test wants. */
function queueUnderTest() {
  const lookedAt: string[] = [];
  const told: string[] = [];
  const answers: (readonly [nonce: string, version: string, code: number | undefined])[] = [];
  const conclusions: ((faults: FaultTexts) => void)[] = [];
  const queue = new UpdateQueue({
    onResources: ({ version }) => {
      lookedAt.push(version);
      return new Promise((resolve) => conclusions.push(resolve));
    },
    events: {
      connected: () => {},
      disconnected: () => {},
      acknowledged: (version) => told.push(`acknowledged ${version}`),
      refused: (version, faults) => told.push(`refused ${version}: ${faults.texts.length}`),
      superseded: (version) => told.push(`superseded ${version}`),
    },
  });
  const answer = ({ response_nonce, version_info, error_detail }: DiscoveryRequest): void =>
    void answers.push([response_nonce, version_info, error_detail?.code]);
  const add = (version: string, type_url = RATE_LIMIT_CONFIG, ofType: readonly string[] = []): void => {
    const resources = ofType.map((type) => ({ type_url: type, value: new Uint8Array() }));
    queue.add({ version_info: version, nonce: `n${version}`, type_url, resources }, answer);
  };
  /** Ends the look at the update that is looked at. */
  const conclude = async (...faults: readonly string[]): Promise<void> => {
    const before = answers.length;
    const conclusion = await until("an update is looked at", () => conclusions.shift());
    conclusion({ texts: faults, more: 0 });
    await until("it is answered", () => answers.length > before || undefined);
  };
  return { queue, add, conclude, lookedAt, told, answers };
}

it("a response of a type that was not asked for is told and not answered, since an answer would ask for it", async () => {
  const { add, conclude, lookedAt, told, answers } = queueUnderTest();
  add("1", OTHER_TYPE);
  add("2");
  await conclude();
  expect([lookedAt, answers]).toEqual([["2"], [["n2", "2", undefined]]]);
  expect(told).toEqual(["refused 1: 1", "acknowledged 2"]);
});

describe("updates that come while one is looked at", () => {
  it("are answered in order, and only the newest of them is looked at", async () => {
    const { queue, add, conclude, lookedAt, told, answers } = queueUnderTest();
    for (const version of ["1", "2", "3"]) add(version);
    await conclude();
    await conclude();
    expect(lookedAt).toEqual(["1", "3"]);
    expect(answers).toEqual([
      ["n1", "1", undefined],
      // Not accepted, so that its version is not told; and not looked at, so that no fault of it is.
      ["n2", "1", 10],
      ["n3", "3", undefined],
    ]);
    expect(told).toEqual(["acknowledged 1", "superseded 2", "acknowledged 3"]);
    expect(queue.accepted).toBe("3");
    expect(queue.counts).toEqual({ acks: 2, nacks: 0 });
  });

  it("do not give way to one that cannot be looked at", async () => {
    const { add, conclude, lookedAt, told, answers } = queueUnderTest();
    add("1");
    add("2");
    add("3", RATE_LIMIT_CONFIG, [OTHER_TYPE]);
    await conclude("bad", "worse");
    await conclude();
    expect(lookedAt).toEqual(["1", "2"]);
    await until("all are answered", () => answers.length === 3 || undefined);
    expect(answers).toEqual([
      ["n1", "", 3],
      ["n2", "2", undefined],
      ["n3", "2", 3],
    ]);
    expect(told).toEqual(["refused 1: 2", "acknowledged 2", "refused 3: 1"]);
  });
});

it.each([
  ["a good one", "2", []],
  ["one that comes again", "1", []],
  ["one of the wrong type", "2", [OTHER_TYPE]],
])("nothing is handed on, answered or told of %s after the queue is closed", async (_what, version, ofType) => {
  const { queue, add, conclude, lookedAt, told, answers } = queueUnderTest();
  add("1");
  await conclude("bad");
  add(version, RATE_LIMIT_CONFIG, ofType);
  queue.close();
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  expect([lookedAt, answers.length, told]).toEqual([["1"], 1, ["refused 1: 1"]]);
});

describe("an update that was refused and comes again", () => {
  it("is refused again without a look and without being told, but not at once", async () => {
    const { queue, add, conclude, lookedAt, told, answers } = queueUnderTest();
    add("1");
    await conclude("bad");
    const started = performance.now();
    add("1");
    expect(answers).toHaveLength(1);
    await until("it is answered again", () => answers.length === 2 || undefined);
    expect(performance.now() - started).toBeGreaterThanOrEqual(490);
    expect(answers[1]).toEqual(answers[0]);
    expect(lookedAt).toEqual(["1"]);
    expect(told).toEqual(["refused 1: 1"]);
    expect(queue.counts).toEqual({ acks: 0, nacks: 1 });
  });

  it("is so too when a resource of it is of the wrong type", async () => {
    const { add, told, answers } = queueUnderTest();
    add("1", RATE_LIMIT_CONFIG, [OTHER_TYPE]);
    add("1", RATE_LIMIT_CONFIG, [OTHER_TYPE]);
    await until("it is answered", () => answers.length > 0 || undefined);
    expect(answers).toHaveLength(1);
    await until("it is answered again", () => answers.length === 2 || undefined);
    expect(told).toEqual(["refused 1: 1"]);
  });

  it("holds up nothing that comes after it", async () => {
    const { add, conclude, told, answers } = queueUnderTest();
    add("1");
    await conclude("bad");
    add("1");
    const started = performance.now();
    add("2");
    await conclude();
    expect(performance.now() - started).toBeLessThan(400);
    expect(answers.map(([nonce]) => nonce)).toEqual(["n1", "n1", "n2"]);
    expect(told).toEqual(["refused 1: 1", "acknowledged 2"]);
  });

  it("is looked at again after another was good, since the rules in force are others", async () => {
    const { add, conclude, lookedAt } = queueUnderTest();
    add("1");
    await conclude("bad");
    add("2");
    await conclude();
    add("1");
    await conclude();
    expect(lookedAt).toEqual(["1", "2", "1"]);
  });
});
