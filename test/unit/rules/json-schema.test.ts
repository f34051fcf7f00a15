import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { rulesJsonSchema } from "../../../src/rules/json-schema.js";

const CONFIG = new URL("../../../config/", import.meta.url);
const RULES = new URL("rules/", CONFIG);

// The schema says integer, and pattern for texts that may be numbers, as JSON Schema does and Ajv finds strange.
const accepts = new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false }).compile(rulesJsonSchema());

function acceptsYaml(text: string): boolean {
  return accepts(parse(text));
}

function acceptsDescriptor(descriptor: string): boolean {
  return acceptsYaml(`domain: d\ndescriptors: [${descriptor}]\n`);
}

test("the committed schema is current: run `npm run schema` where it is not", () => {
  const committed = readFileSync(new URL("rules.schema.json", CONFIG), "utf8");
  expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(rulesJsonSchema())));
});

test.each(readdirSync(RULES))("the example file %s names the schema and meets it", (name) => {
  const text = readFileSync(new URL(name, RULES), "utf8");
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/rules\.schema\.json\n/);
  expect(acceptsYaml(text), JSON.stringify(accepts.errors)).toBe(true);
});

test("the rules of the design meet it", () => {
  const design = `
domain: shop
algorithm: token_bucket
descriptors:
  - key: remote_address
    rate_limit: { requests_per_unit: 60, unit: minute, burst: 20 }
  - key: api_key
    value: "trial-*"
    rate_limits:
      - { requests_per_unit: 10, unit: second }
      - { requests_per_unit: 1000, unit: hour, unit_multiplier: 6, algorithm: fixed_window, name: six-hourly }
  - key: client
    cidr: 10.0.0.0/8
    rate_limit: { unlimited: true }
  - key: path
    regex: ^/api/v[0-9]+/export
    token_bucket: { max_tokens: 100, tokens_per_fill: 10, fill_interval: 1s }
    deny_response: { body: '{"error":"slow down"}', headers: { content-type: application/json } }
  - key: model
    rate_limit: { requests_per_unit: 100000, unit: minute, max_debt: 50000 }
`;
  expect(acceptsYaml(design), JSON.stringify(accepts.errors)).toBe(true);
});

test.each([
  "{key: 1, value: 007}",
  "{key: true, value: false}",
  "{key: k, value: ~}",
  "{key: k, value: 1.5, descriptors: [{key: l, descriptors: [{key: m}]}]}",
  "{key: k, rate_limit: {unit: MINUTE, requests_per_unit: 0, name: 5}}",
  "{key: k, rate_limit: {unit: Second}}",
  "{key: k, token_bucket: {max_tokens: 1, fill_interval: 1.5s}, metadata: {a: [{b: c}]}}",
  "{key: k, deny_response: {body: 5, headers: {retry-after: 5}}}",
])("editors take %s, as Weir does", (descriptor) => {
  expect(acceptsDescriptor(descriptor), JSON.stringify(accepts.errors)).toBe(true);
});

test.each([
  "{value: v}",
  "{key: ''}",
  "{key: [k]}",
  "{key: k, vale: v}",
  "{key: k, shadow_mode: 1}",
  "{key: k, rate_limits: []}",
  "{key: k, rate_limit: {unit: fortnight}}",
  "{key: k, rate_limit: {unit: day, requests_per_unit: '5'}}",
  "{key: k, rate_limit: {unit: day, requests_per_unit: 4294967296}}",
  "{key: k, rate_limit: {unit: day, algorithm: leaky_bucket}}",
  "{key: k, rate_limit: {unit: day, replaces: [a]}}",
  "{key: k, token_bucket: {max_tokens: 5}}",
  "{key: k, token_bucket: {max_tokens: 5, fill_interval: 1}}",
  "{key: k, descriptors: [{key: l, descriptors: [{ky: m}]}]}",
  "{key: k, metadata: [1]}",
])("editors mark %s, as Weir does", (descriptor) => {
  expect(acceptsDescriptor(descriptor)).toBe(false);
});

test("every key has a description", () => {
  const undescribed: string[] = [];
  visit(rulesJsonSchema(), "");
  expect(undescribed).toEqual([]);

  function visit(schema: unknown, path: string): void {
    if (typeof schema !== "object" || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      const at = `${path}/${key}`;
      if (path.endsWith("/properties") && !Object.hasOwn(value, "description")) undescribed.push(at);
      visit(value, at);
    }
  }
});
