import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LiveRules } from "../../src/rules/reload/live-rules.js";
import type { PushedSource } from "../../src/rules/sources/pushed-source.js";
import { type ConfigPlan, encodeConfig } from "../support/rate-limit-config.js";

// As they are built: a thread runs JavaScript only.
const built = (path: string): string => pathToFileURL(resolve(import.meta.dirname, "../../dist/rules", path)).href;
const { LiveRules: BuiltRules }: { LiveRules: typeof LiveRules } = await import(built("reload/live-rules.js"));
const { PushedSource: BuiltSource }: { PushedSource: typeof PushedSource } = await import(
  built("sources/pushed-source.js")
);

let rules: LiveRules | undefined;

afterEach(async () => {
  await rules?.close();
  rules = undefined;
});

/** Rules that are pushed, and what was told of them. */
async function open() {
  const told: string[] = [];
  const source = new BuiltSource({ algorithm: [], burst: [], maxDebt: [] });
  const live = new BuiltRules({
    source,
    compile: {},
    events: {
      rulesLoaded: ({ refused, warnings }) => told.push(`loaded -${refused.texts.length} !${warnings.texts.length}`),
      rulesReloaded: ({ refused, warnings }) =>
        told.push(`reloaded -${refused.texts.length} !${warnings.texts.length}`),
      rulesUnchanged: () => told.push("unchanged"),
      rulesRefused: (faults) => told.push(`refused -${faults.texts.length}`),
    },
  });
  rules = live;
  await live.follow();
  const push = (version: string, ...plans: (ConfigPlan | Uint8Array)[]) =>
    source
      .onResources({
        version,
        resources: plans.map((plan) => (plan instanceof Uint8Array ? plan : encodeConfig(plan))),
      })
      .then(({ texts }) => texts);
  return { live, push, told };
}

const config = (domain: string, requests: number, count = 1): ConfigPlan => ({
  name: domain,
  domain,
  descriptors: Array.from({ length: count }, (_, index) => ({
    key: "client",
    value: `c${index}`,
    limit: { unit: 1, requests },
  })),
});
const broken = (domain: string): ConfigPlan => ({ name: domain, domain, descriptors: [{ key: "client", limit: {} }] });

function rateOf(live: LiveRules, domain: string, client = "c0"): number | undefined {
  const [limit] = live.current.domains.get(domain)?.match([{ key: "client", value: client }])?.limits ?? [];
  return limit?.unlimited === false ? limit.requestsPerUnit : undefined;
}

describe("rules that are pushed", () => {
  it("are in force when their sender hears so, each update with its own faults", async () => {
    const { live, push, told } = await open();
    expect([live.isLoaded, live.version, live.current.domains.size]).toEqual([false, undefined, 0]);
    const answers = await Promise.all([push("1", config("a", 1)), push("2", broken("a")), push("3", config("a", 3))]);
    expect(answers).toEqual([
      [],
      [expect.stringMatching(/^xds:a:4:5: descriptors\[0\] \(key "client"\): .* \[missing-unit\]\n/)],
      [],
    ]);
    expect([rateOf(live, "a"), live.version]).toEqual([3, "3"]);
    expect(told).toEqual(["loaded -0 !0", "refused -1", "reloaded -0 !0"]);
  });

  it("come into force but for what has errors, of which the last good version stays", async () => {
    const { live, push, told } = await open();
    await push("1", config("a", 1), config("b", 1));
    const faults = await push("2", config("a", 2), broken("b"), Uint8Array.of(0xff));
    expect(faults).toEqual([expect.stringMatching(/^xds:#3:1:1: /), expect.stringMatching(/^xds:b:4:5: /)]);
    expect([rateOf(live, "a"), rateOf(live, "b"), live.version]).toEqual([2, 1, "1"]);
    expect(live.lastReload).toMatchObject({ kind: "partial" });
    expect(told).toEqual(["loaded -0 !0", "reloaded -2 !0"]);
    expect(await push("3", config("a", 2), config("b", 1))).toEqual([]);
    expect([told.at(-1), live.version]).toEqual(["unchanged", "3"]);
  });

  it.each(["a", "c"])(
    "stay when all of an update has errors, also those that it no longer has: only %s",
    async (bad) => {
      const { live, push, told } = await open();
      await push("1", config("a", 1), config("b", 1));
      expect(await push("2", broken(bad))).toHaveLength(1);
      expect([rateOf(live, "a"), rateOf(live, "b")]).toEqual([1, 1]);
      expect(told.at(-1)).toBe("refused -1");
    },
  );

  it("take the next update though one could not be taken", async () => {
    const { live, push } = await open();
    const allocate = vi.spyOn(globalThis, "SharedArrayBuffer").mockImplementation(function noMemory() {
      throw new RangeError("Array buffer allocation failed");
    });
    await expect(push("1", config("a", 1))).rejects.toThrow("Array buffer allocation failed");
    allocate.mockRestore();
    expect(await push("2", config("a", 2))).toEqual([]);
    expect(rateOf(live, "a")).toBe(2);
  });

  it("are none, with a warning, when an update has none", async () => {
    const { live, push, told } = await open();
    await push("1", config("a", 1));
    expect(await push("2")).toEqual([]);
    expect([live.current.domains.size, live.isLoaded, told.at(-1)]).toEqual([0, true, "reloaded -0 !1"]);
  });

  it("are known as the rules files that they stand for", async () => {
    const { live, push } = await open();
    await push("1", config("a", 1));
    expect(live.texts.paths).toEqual(["xds:a"]);
    expect(Buffer.from(live.texts.bytes).toString()).toBe(
      'domain: "a"\ndescriptors:\n  - key: "client"\n    value: "c0"\n    rate_limit: { unit: second, requests_per_unit: 1 }\n',
    );
  });

  it("change at once for all that is asked: no look sees the one domain new and the other old", async () => {
    const { live, push } = await open();
    await push("0", config("a", 1, 300), config("b", 1, 300));
    let looks = 0;
    let isDone = false;
    const watch = (async () => {
      const torn: unknown[] = [];
      while (!isDone) {
        const seen = [rateOf(live, "a"), rateOf(live, "a", "c299"), rateOf(live, "b"), rateOf(live, "b", "c299")];
        if (new Set(seen).size !== 1 || seen[0] === undefined) torn.push(seen);
        looks++;
        await nextTurn();
      }
      return torn;
    })();
    for (let rate = 2; rate <= 12; rate++) await push(String(rate), config("b", rate, 300), config("a", rate, 300));
    isDone = true;
    expect(await watch).toEqual([]);
    expect(looks).toBeGreaterThan(100);
    expect(rateOf(live, "a")).toBe(12);
  });

  it("are taken no longer when Weir stops, and nobody waits for an answer", async () => {
    const { live, push } = await open();
    await push("1", config("a", 1));
    const late = push("2", config("a", 2));
    await live.close();
    expect(await late).toEqual(["Weir is stopping"]);
    expect(await push("3", config("a", 3))).toEqual(["Weir is stopping"]);
    expect(rateOf(live, "a")).toBe(1);
  });
});
