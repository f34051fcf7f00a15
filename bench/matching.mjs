import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { tableOf } from "./report.mjs";

const FEW = 10;
const MANY = 100_000;
const LOOKUPS = 50_000;
const ROUNDS = 12;
const DOMAIN = "bench";
const KEY = "tenant";
const rulesFolder = resolve(import.meta.dirname, "../dist/rules");

/** @typedef {import("../src/rules/rule.js").DomainRules} DomainRules */
/** @typedef {{ name: string, rules: DomainRules, values: number, micros: number[] }} Subject */

/** @param {number} index */
const tenant = (index) => `tenant-${index}`;

/**
 * Rules with one exact value each. One is compiled from YAML, the others are copies of it with other values: to compile
 * 100,000 of them takes seconds and is not what is measured. All go through the builder that the server uses.
 * @param {number} count
 * @returns {Promise<DomainRules>}
 */
async function buildRules(count) {
  /** @type {typeof import("../src/rules/load-rules.js")} */
  const { compileRules } = await import(pathToFileURL(join(rulesFolder, "load-rules.js")).href);
  /** @type {typeof import("../src/rules/rule-set-builder.js")} */
  const { RuleSetBuilder } = await import(pathToFileURL(join(rulesFolder, "rule-set-builder.js")).href);
  const limit = "rate_limit: { unit: minute, requests_per_unit: 100 }";
  const text = `domain: ${DOMAIN}\ndescriptors:\n  - { key: ${KEY}, value: ${tenant(0)}, ${limit} }\n`;
  const compiled = compileRules([{ path: "bench.yaml", text }]).rules?.domains.get(DOMAIN)?.rules[0];
  const step = compiled?.path[0];
  if (compiled === undefined || step === undefined) throw new Error("the rule to copy did not compile");
  const builder = new RuleSetBuilder([DOMAIN]);
  for (let index = 0; index < count; index++) {
    builder.add({ ...compiled, label: `${KEY}=${tenant(index)}`, path: [{ ...step, value: tenant(index) }] });
  }
  const rules = builder.finish().domains.get(DOMAIN);
  if (rules === undefined) throw new Error("there is no domain");
  return rules;
}

/**
 * Times lookups of values that no one has seen before, as those of a request are: nothing is remembered about them, such
 * as a string's hash. To make them is not timed.
 * @param {Subject} subject
 */
function lookUp({ rules, values, micros }) {
  const asked = Array.from({ length: LOOKUPS }, (_, index) => [
    { key: KEY, value: Buffer.from(tenant((index * 7919) % values)).toString("latin1") },
  ]);
  let met = 0;
  const start = performance.now();
  for (const entries of asked) if (rules.match(entries) !== undefined) met++;
  micros.push(((performance.now() - start) * 1000) / LOOKUPS);
  if (met !== LOOKUPS) throw new Error(`only ${met} of ${LOOKUPS} values met a rule`);
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Prints what it costs to match an exact value among few rules and among many, in this process. */
export async function measureMatching() {
  const started = performance.now();
  const [few, many] = [await buildRules(FEW), await buildRules(MANY)];
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  /** @type {readonly Subject[]} */
  const subjects = [
    { name: `${FEW} rules`, rules: few, values: FEW, micros: [] },
    { name: `${MANY} rules, ${FEW} of them asked`, rules: many, values: FEW, micros: [] },
    { name: `${MANY} rules, all of them asked`, rules: many, values: MANY, micros: [] },
  ];
  for (const subject of subjects) lookUp(subject);
  for (const { micros } of subjects) micros.length = 0;
  for (let round = 0; round < ROUNDS; round++) for (const subject of subjects) lookUp(subject);
  const costs = subjects.map(({ name, micros }) => ({ name, least: Math.min(...micros), middle: median(micros) }));
  const reference = costs[0]?.least ?? Number.NaN;
  console.log(`\nMatching an exact value, in turns, ${ROUNDS} rounds of ${LOOKUPS} (${seconds} s to build the rules):`);
  console.log(
    tableOf([
      ["", "ns least", "ns median", "ratio of least"],
      ...costs.map(({ name, least, middle }) => [
        name,
        (least * 1000).toFixed(0),
        (middle * 1000).toFixed(0),
        (least / reference).toFixed(2),
      ]),
    ]),
  );
}
