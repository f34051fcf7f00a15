import { z } from "zod";
import type { Descriptor, Override } from "../../engine/request.js";
import { MAX_HITS, MAX_TOKENS_PER_PERIOD } from "../../limits/limit.js";
import { ALGORITHMS } from "../../rules/algorithm.js";
import { UNIT_CHOICE, unitOf } from "../../rules/period.js";
import type { Entry } from "../../rules/rule.js";
import { parseDuration } from "../../settings/duration.js";
import { chosenBy, filledText, flag, isMap, listOf, mapOf, oneOf, readBy, text, wholeNumber } from "./schema-fields.js";
import type { StatusExpectation, TestFile } from "./test-file.js";

/* The grammar of a test file: which keys there are and what they take. docs/rule-tests.md describes it for people. */

const MAX_UINT32 = 2 ** 32 - 1;
/** A hundred years. */
const MAX_AT_MILLIS = 100 * 365 * 86_400_000;
/** As many requests of one step take about a second. */
const MAX_TIMES = 100_000;

const DURATION = "a duration such as 0s, 1.5s, 20m or 24h";
const moment = readBy((given) => {
  const millis = parseDuration(given);
  return millis === undefined || millis > MAX_AT_MILLIS ? undefined : millis;
}, DURATION);

/** `1` and `1s` are the same. */
const wholeSeconds = readBy((given) => {
  const millis = parseDuration(/^\d+$/.test(given) ? `${given}s` : given);
  return millis === undefined || millis % 1000 !== 0 ? undefined : millis / 1000;
}, "whole seconds, such as 30, 30s or 15m");

const entryList = listOf(mapOf({ key: text, value: text }), "a list of maps with key and value").transform(
  (given): readonly Entry[] => given,
);

const entryMap = z.custom<Record<string, unknown>>(isMap).transform((map, context): readonly Entry[] => {
  const pairs = Object.entries(map);
  for (const [key, value] of pairs) {
    if (typeof value === "string") continue;
    context.issues.push({ code: "custom", message: 'text (for none, write "")', input: value, path: [key] });
  }
  if (pairs.length > 1 && pairs.some(([key]) => /^(0|[1-9]\d*)$/.test(key))) {
    const message = "a list of {key: ..., value: ...} where keys are numbers, whose order a map does not keep";
    context.issues.push({ code: "custom", message, input: map });
  }
  return pairs.map(([key, value]) => ({ key, value: typeof value === "string" ? value : "" }));
});

const entries = chosenBy<readonly Entry[]>((value) => {
  if (Array.isArray(value)) return entryList;
  return isMap(value) ? entryMap : undefined;
}, "a map of keys and values");

const unit = readBy((given) => (given.toLowerCase() === "unknown" ? "unknown" : unitOf(given)), UNIT_CHOICE);

const override = mapOf({
  requests_per_unit: wholeNumber(0, MAX_TOKENS_PER_PERIOD),
  unit,
  unit_multiplier: wholeNumber(0, MAX_UINT32).optional(),
}).transform(
  (limit): Override => ({
    requestsPerUnit: limit.requests_per_unit,
    ...(limit.unit !== "unknown" && { unit: limit.unit }),
    ...(limit.unit_multiplier !== undefined && { unitMultiplier: limit.unit_multiplier }),
  }),
);

const descriptor = mapOf({
  entries,
  hits_addend: wholeNumber(0, MAX_HITS).optional(),
  is_negative_hits: flag.optional(),
  limit: override.optional(),
}).transform(
  (given): Descriptor => ({
    entries: given.entries,
    isNegativeHits: given.is_negative_hits ?? false,
    ...(given.hits_addend !== undefined && { hitsAddend: given.hits_addend }),
    ...(given.limit !== undefined && { limit: given.limit }),
  }),
);

const SEND = "a map of keys and values, or a list of descriptors";

/** A map is a descriptor's entries; one whose `entries` is no text is a descriptor in full. */
const send = chosenBy<readonly Descriptor[]>((value) => {
  if (Array.isArray(value)) return listOf(descriptor, SEND);
  if (!isMap(value)) return undefined;
  const isInFull = typeof value.entries === "object" && value.entries !== null;
  return isInFull ? descriptor.transform((one) => [one]) : entryMap.transform((given) => [plainDescriptor(given)]);
}, SEND);

function plainDescriptor(given: readonly Entry[]): Descriptor {
  return { entries: given, isNegativeHits: false };
}

const code = oneOf("OK", "OVER_LIMIT");

const statusFields = {
  code: code.optional(),
  remaining: wholeNumber(0, MAX_UINT32).optional(),
  reset: wholeSeconds.optional(),
  limit: text.optional(),
  rule: filledText.optional(),
};

/** The code by itself, or a map of what is expected. */
function expectationOf<T>(inFull: z.ZodType<T>): z.ZodType<T | StatusExpectation> {
  const codeAlone = code.transform((given): StatusExpectation => ({ code: given }));
  const mayBe = "OK, OVER_LIMIT or a map of what is expected";
  return chosenBy<T | StatusExpectation>((value) => {
    if (isMap(value)) return inFull;
    return typeof value === "string" ? codeAlone : undefined;
  }, mayBe);
}

const status = expectationOf(mapOf(statusFields));
const expectation = expectationOf(
  mapOf({ ...statusFields, statuses: listOf(status, "a list of statuses").optional() }),
);

const step = mapOf({
  at: moment.optional(),
  domain: filledText.optional(),
  send,
  hits_addend: wholeNumber(0, MAX_UINT32).optional(),
  times: wholeNumber(1, MAX_TIMES).optional(),
  expect: expectation.optional(),
});

const test = mapOf({
  name: filledText,
  domain: filledText.optional(),
  steps: listOf(step, "a list of steps"),
});

const settings = mapOf({
  default_algorithm: oneOf(...ALGORITHMS).optional(),
  global_shadow: flag.optional(),
  global_quota: flag.optional(),
  pending_lapse: moment.optional(),
});

/** A file of rule tests, from its source texts. */
export const testFileSchema: z.ZodType<TestFile> = mapOf({
  rules: filledText,
  domain: filledText.optional(),
  settings: settings.optional(),
  tests: listOf(test, "a list of tests"),
});
