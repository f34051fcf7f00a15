import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compileRules } from "../../src/rules/load-rules.js";
import type { RulesLoader } from "../../src/rules/reload/rules-loader.js";
import type { RuleSet } from "../../src/rules/rule.js";
import { NO_TEXTS } from "../../src/rules/sources/packed-texts.js";
import { until } from "../support/until.js";

// As it is built: a thread runs JavaScript only.
const BUILT = pathToFileURL(resolve(import.meta.dirname, "../../dist/rules/reload/rules-loader.js")).href;
const { RulesLoader: BuiltLoader }: { RulesLoader: typeof RulesLoader } = await import(BUILT);

let folder: string;
let loader: RulesLoader | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-thread-"));
});

afterEach(async () => {
  await loader?.close();
  loader = undefined;
  await rm(folder, { recursive: true });
});

function start(options?: ConstructorParameters<typeof RulesLoader>[0]): RulesLoader {
  loader = new BuiltLoader(options);
  return loader;
}

const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

const GOOD = "domain: shop\ndescriptors:\n  - key: client\n    rate_limit: { unit: hour, requests_per_unit: 5 }\n";

/** One rule of each kind below each other, to go behind manyRules. */
const EVERY_KIND = `
  - key: a
    descriptors:
      - key: b
        value: x*
        descriptors:
          - key: c
            rate_limit: { unlimited: true }
          - key: d
            metadata: { __proto__: 1, x: [1.5, null] }
            rate_limit: { unit: year, requests_per_unit: 4294967295 }
      - key: b
        value: "*yz"
        rate_limit: { unit: day, requests_per_unit: 1, burst: 9, name: n, max_debt: 3 }
  - key: ip
    cidr: 10.0.0.0/8
    share_threshold: true
    rate_limit: { unit: day, requests_per_unit: 1 }
  - key: ip
    cidr: 10.1.0.0/16
    descriptors:
      - key: path
        regex: ^/[a-z]+$
        rate_limits:
          - { unit: second, requests_per_unit: 1, algorithm: sliding_window }
          - { unit: hour, requests_per_unit: 1, algorithm: fixed_window }
        deny_response: { body: no, headers: { x-a: b } }
      - key: path
        regex: ^/x
        token_bucket: { max_tokens: 3, fill_interval: 100ms }
`;

const OTHER_DOMAIN = `
domain: bank
descriptors:
  - key: u*
    shadow_mode: true
    rate_limit: { unit: second, requests_per_unit: 3, name: m }
  - key: v
    rate_limit: { unit: second, requests_per_unit: 3, replaces: [{ name: m }] }
`;

const DESCRIPTORS = [
  ...[
    "tenant=t17",
    "tenant=t250",
    "a=1 b=xyz c=1",
    "a=1 b=xyz d=1",
    "a=1 b=xyz",
    "a=1 b=yz",
    "a=1 b=y",
    "user=1",
    "v=1",
  ],
  ...["ip=10.1.2.3", "ip=10.2.2.3", "ip=11.0.0.0", "ip=10.1.0.1 path=/x", "ip=10.1.0.1 path=/x1", "ip=10.1.0.1 path=y"],
];

function manyRules(count: number): string {
  const rules = Array.from({ length: count }, (_, index) => {
    return `  - key: tenant\n    value: t${index}\n    rate_limit: { unit: hour, requests_per_unit: ${index} }\n`;
  });
  return `domain: shop\ndescriptors:\n${rules.join("")}`;
}

const load = (known?: string, mostFaults = 100) =>
  loader!.load({ input: { kind: "files", path: folder }, options: {}, known, inForce: NO_TEXTS, mostFaults });

/** All of a rule set that is data. */
function contents(rules: RuleSet | undefined) {
  return [...(rules?.domains.values() ?? [])].map(({ domain, rules }) => ({ domain, rules }));
}

describe("the thread that loads rules", () => {
  it("hands over exactly the rules that compiling here would give, which match the same", async () => {
    const texts = [`${manyRules(250)}${EVERY_KIND}`, "domain: none\n", OTHER_DOMAIN];
    for (const [index, text] of texts.entries()) await put(`${index}.yaml`, text);
    const compiled = compileRules(texts.map((text, index) => ({ path: join(folder, `${index}.yaml`), text })));
    expect(compiled.faults).toEqual([]);
    start();
    const loaded = await load();
    if (loaded.kind !== "rules") throw new Error(JSON.stringify(loaded));
    expect(contents(loaded.rules)).toEqual(contents(compiled.rules));
    for (const descriptor of DESCRIPTORS) {
      const entries = descriptor.split(" ").map((entry) => {
        const [key = "", value = ""] = entry.split("=");
        return { key, value };
      });
      for (const [name, domain] of compiled.rules!.domains) {
        const met = loaded.rules.domains.get(name)?.match(entries);
        expect(met?.label, `${name}: ${descriptor}`).toBe(domain.match(entries)?.label);
      }
    }
  });

  it("sends nothing when the files say what is known", async () => {
    await put("a.yaml", GOOD);
    start();
    const first = await load();
    if (first.kind !== "rules") throw new Error(first.kind);
    expect(await load(first.content)).toEqual({ kind: "unchanged" });
    await put("a.yaml", `${GOOD}# More.\n`);
    expect((await load(first.content)).kind).toBe("rules");
  });

  it("tells as many faults as it is asked for, errors first, and how many there are besides", async () => {
    await put("a.yaml", GOOD.replace("requests_per_unit: 5", "unlimited: true, burst: 5").replace("unit: hour, ", ""));
    await put("b.yaml", "domain: [");
    await put("c.yaml", "domain: bank\nunknown: 1\n");
    start();
    const all = await load();
    if (all.kind !== "faulty") throw new Error(all.kind);
    expect(all.faults.more).toBe(0);
    expect(all.faults.texts[0]).toMatch(/a\.yaml:4:\d+: warning: /);
    expect(all.faults.texts.length).toBeGreaterThanOrEqual(3);
    const some = await load(undefined, 2);
    if (some.kind !== "faulty") throw new Error(some.kind);
    expect(some.faults.texts).toHaveLength(2);
    expect(some.faults.texts.join()).not.toContain("warning: ");
    expect(some.faults.more).toBe(all.faults.texts.length - 2);
  });

  it("runs out of its own memory alone, says so, and loads the next rules", async () => {
    await put("a.yaml", manyRules(30_000));
    start({ heapMegabytes: 50 });
    const outcome = await load();
    expect(outcome).toMatchObject({ kind: "failed", reason: expect.stringMatching(/thread.*failed:.*memory/) });
    await put("a.yaml", GOOD);
    expect((await load()).kind).toBe("rules");
  });

  it("is ended when it takes too long, and another one loads the next rules", async () => {
    await put("a.yaml", manyRules(10_000));
    start({ timeoutMillis: 100 });
    expect(await load()).toMatchObject({ kind: "failed", reason: expect.stringContaining("no answer within 0.1 s") });
    await loader?.close();
    await put("a.yaml", GOOD);
    start();
    expect((await load()).kind).toBe("rules");
  });

  it("fails a load that runs when it is closed, and can be used again", async () => {
    await put("a.yaml", manyRules(5_000));
    start();
    const running = load();
    await loader?.close();
    expect((await running).kind).toBe("failed");
    await put("a.yaml", GOOD);
    expect((await load()).kind).toBe("rules");
  });

  it("is gone when it has had nothing to do for a while", async () => {
    const threads = () => readdirSync("/proc/self/task").length;
    await put("a.yaml", GOOD);
    start({ idleMillis: 50 });
    const before = threads();
    await load();
    await until("the thread is gone", () => (threads() <= before ? true : undefined));
    expect((await load()).kind).toBe("rules");
  });
});
