import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formatFault } from "../../../src/rules/faults.js";
import { rulesJsonSchema } from "../../../src/rules/json-schema.js";
import { compileRules } from "../../../src/rules/load-rules.js";
import { domainFrom, labelMet } from "../rules/compiled.js";

const page = readFileSync(new URL("../../../docs/rules.md", import.meta.url), "utf8");

/** The rules files of the page: its YAML examples that have a domain. */
const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
  .map(([, text = ""]) => text)
  .filter((text) => /^domain: /m.test(text))
  .map((text) => ({ domain: /^domain: (\S+)/m.exec(text)?.[1] ?? "", text }));

/** Rows of the table `descriptor | meets`. */
const meetings = [...page.matchAll(/^\| `([^`]*=[^`]*)` \| (`[^`]+`|nothing)/gm)].map(([, sent = "", met = ""]) => ({
  sent,
  met,
}));

/** All names of properties in a JSON schema, at any depth. */
function propertiesIn(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own = "properties" in schema ? Object.keys(schema.properties as object) : [];
  return [...own, ...Object.values(schema).flatMap(propertiesIn)];
}

test("every domain has one example", () => {
  expect(examples.length).toBeGreaterThan(10);
  expect(new Set(examples.map(({ domain }) => domain)).size).toBe(examples.length);
});

test.each(examples)("the example $domain loads without a fault or warning", ({ text }) => {
  expect(compileRules([{ path: "rules.md", text }]).faults.map(formatFault)).toEqual([]);
});

test.each(meetings)("$sent meets $met", ({ sent, met }) => {
  const rules = domainFrom("matching", examples.find(({ domain }) => domain === "matching")?.text ?? "");
  expect(labelMet(rules, ...sent.split(" > "))).toBe(met === "nothing" ? undefined : met.slice(1, -1));
});

test("there are rows that show what is met", () => {
  expect(meetings).toHaveLength(10);
});

test("the table of keys has every key of the schema, and no other", () => {
  const table = page.slice(page.indexOf("## Every key"));
  const rows = [...table.matchAll(/^\| ((?:`[a-z_]+`(?:, )?)+) \|/gm)].flatMap(([, cell = ""]) => cell.split(", "));
  const deny = [...table.matchAll(/\| (`body`) and (`headers`)/g)].flatMap(([, ...names]) => names);
  const inPage = [...rows, ...deny].map((name) => name.slice(1, -1));
  expect(inPage.sort()).toEqual([...new Set(propertiesIn(rulesJsonSchema()))].sort());
});
