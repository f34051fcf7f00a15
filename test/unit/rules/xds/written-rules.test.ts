import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileChecked, compileRules, type LoadResult } from "../../../../src/rules/load-rules.js";
import { parseYaml } from "../../../../src/rules/parse-yaml.js";
import { type Place, readDocument } from "../../../../src/rules/read-document.js";
import { rulesFileSchema } from "../../../../src/rules/schema.js";
import { locateIn, type SourceFile } from "../../../../src/rules/source-file.js";
import { readConfig } from "../../../../src/rules/xds/read-config.js";
import { readResources } from "../../../../src/rules/xds/read-resources.js";
import {
  type ConfigPlan,
  type DescriptorPlan,
  encodeConfig,
  type LimitPlan,
} from "../../../support/rate-limit-config.js";
import { NO_DEFAULTS } from "./accepted.js";

/** Texts as protobuf can have them, with some that mean something to rules. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "a*",
    "*",
    "null",
    "<<",
    "rule-0-match-0",
    "x: y # z",
    "\ufeffb",
    "\u2028\u0085\ufeff'\"\\",
    "10",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);

const limit: fc.Arbitrary<LimitPlan> = fc.record({
  unit: fc.constantFrom(0, 1, 2, 5, 7, 8, -1),
  requests: fc.oneof(fc.constantFrom(0, 1, 4_294_967_295), fc.nat()),
  unlimited: fc.boolean(),
  name: text,
  replaces: fc.array(text, { maxLength: 2 }),
});

const { descriptor } = fc.letrec<{ descriptor: DescriptorPlan }>((tie) => ({
  descriptor: fc.record(
    {
      key: text,
      value: text,
      limit,
      descriptors: fc.array(tie("descriptor"), { maxLength: 2 }),
      shadow: fc.boolean(),
      detailed: fc.boolean(),
      quota: fc.boolean(),
      metadata: fc.dictionary(text, fc.jsonValue({ maxDepth: 2, stringUnit: "grapheme" }), { maxKeys: 3 }),
    },
    { requiredKeys: [] },
  ),
}));

const config: fc.Arbitrary<ConfigPlan> = fc.record({
  name: text,
  domain: text,
  descriptors: fc.array(descriptor, { maxLength: 4 }),
});

/** What a plan says, as decoding should give it. */
function descriptorOf({ limit: plan, descriptors = [], metadata, ...rest }: DescriptorPlan): unknown {
  return {
    key: rest.key ?? "",
    value: rest.value ?? "",
    rateLimit:
      plan === undefined
        ? undefined
        : {
            unit: plan.unit,
            requestsPerUnit: plan.requests,
            unlimited: plan.unlimited,
            name: plan.name,
            replaces: plan.replaces,
          },
    descriptors: descriptors.map(descriptorOf),
    shadowMode: rest.shadow ?? false,
    detailedMetric: rest.detailed ?? false,
    quotaMode: rest.quota ?? false,
    metadata: metadata === undefined ? undefined : JSON.parse(JSON.stringify(metadata)),
  };
}

/** All rules, as data. */
function rulesOf({ rules }: LoadResult): unknown {
  return [...(rules?.domains.values() ?? [])].map(({ domain, rules: all }) => ({ domain, rules: all }));
}

/** Faults without their words, which here tell the descriptor too. */
function placesOf({ faults }: LoadResult): unknown {
  return faults.map(({ code, severity, position, sourceLine }) => ({ code, severity, position, sourceLine }));
}

/** Where all values and keys begin, and what the values are. */
function offsetsOf({ value, offset, keyOffset, children }: Place): unknown {
  const below = children === undefined ? undefined : [...children].map(([key, place]) => [key, offsetsOf(place)]);
  return { value, offset, keyOffset, below };
}

/** The same of a text, by parsing it. */
function offsetsIn(file: SourceFile): unknown {
  const locator = locateIn(file);
  const { document } = parseYaml(file.text, locator);
  const { root } = document === undefined ? {} : readDocument(document, rulesFileSchema, locator);
  return root === undefined ? undefined : offsetsOf(root);
}

const OPTIONS = { defaults: NO_DEFAULTS, defaultAlgorithm: "token_bucket" } as const;

describe("a resource", () => {
  it("is decoded as it was encoded, whatever it says", () => {
    fc.assert(
      fc.property(config, (plan) => {
        const { config: read, fault } = readConfig(encodeConfig(plan));
        expect(fault).toBeUndefined();
        const { name, domain, descriptors = [] } = plan;
        // Objects of metadata have no prototype, which JSON does not tell.
        const plain = JSON.parse(JSON.stringify(read));
        expect(plain).toEqual(JSON.parse(JSON.stringify({ name, domain, descriptors: descriptors.map(descriptorOf) })));
      }),
    );
  });

  it("is written as a rules file that means the same, has the same faults, and in the same places", () => {
    fc.assert(
      fc.property(config, (plan) => {
        const [read] = readResources([encodeConfig(plan)], OPTIONS);
        if (read === undefined) throw new Error("nothing was read");
        const { root } = read.checked.readFile ?? {};
        expect(root === undefined ? undefined : offsetsOf(root)).toEqual(offsetsIn(read.file));
        const fromText = compileRules([read.file]);
        const fromBytes = compileChecked([read.checked], [], "token_bucket");
        expect(rulesOf(fromText)).toEqual(rulesOf(fromBytes));
        expect(placesOf(fromText)).toEqual(placesOf(fromBytes));
        const words = fromText.faults.map(({ message }) => message);
        for (const [index, { message }] of fromBytes.faults.entries()) expect(message).toContain(words[index]);
      }),
      // JSON has no negative zero, a double does.
      { numRuns: 150, examples: [[{ domain: "d", descriptors: [{ key: "a", metadata: { zero: -0 } }] }]] },
    );
  });

  it("of whatever bytes never throws", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(config, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 })).map(([plan, changes]) => {
        const changed = encodeConfig(plan);
        for (const [at, byte] of changes) changed[at % changed.length] = byte;
        return changed;
      }),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        expect(readResources([each], OPTIONS)).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });
});
