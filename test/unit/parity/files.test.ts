import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compileRules, loadRules } from "../../../src/rules/load-rules.js";
import { domainFrom, faultsIn, labelMet, linesOf, onlyRule } from "../rules/compiled.js";

/* Rows of docs/from-envoyproxy-ratelimit.md, section "Files". */

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-parity-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** The domains of the rules in the folder, and what is doubtful there, without the folder's name. */
async function load(): Promise<{ domains: string[] | undefined; faults: string[] }> {
  const { rules, faults } = await loadRules(folder);
  return {
    domains: rules === undefined ? undefined : [...rules.domains.keys()],
    faults: faults.map(({ code, position }) => `${code} ${position.file.slice(folder.length + 1)}`),
  };
}

/** One descriptor with the keys given, as a whole file. */
function withDescriptor(keys: string): string {
  return `domain: d\ndescriptors:\n  - ${keys}\n`;
}

test("[folders] files of a folder, of folders in it and behind links are read", async () => {
  write("a.yaml", "domain: a");
  write("teams/deep/b.yml", "domain: b");
  symlinkSync(join(folder, "teams"), join(folder, "linked"));
  const { domains, faults } = await load();
  expect(new Set(domains)).toEqual(new Set(["a", "b"]));
  expect(faults).toEqual([]);
});

test("[other-files] other extensions and dotfiles are not loaded, with a warning when they have rules in them", async () => {
  write("a.yaml", "domain: a");
  write("b.yaml.disabled", "domain: b");
  write(".c.yaml", "domain: c");
  write("README.txt", "how to write rules");
  write("a.yaml~", "domain: old");
  expect(await load()).toEqual({ domains: ["a"], faults: ["skipped-file .c.yaml", "skipped-file b.yaml.disabled"] });
});

test("[file-order] files of one domain come in the order of their paths", async () => {
  write("b.yaml", withDescriptor("{key: k, value: a*}"));
  write("a.yaml", withDescriptor("{key: k, value: '*c'}"));
  const { rules } = await loadRules(folder);
  expect(rules?.domains.get("d")?.match([{ key: "k", value: "abc" }])?.label).toBe("k=*c");
});

test("[duplicate-domains] a domain in two files is one set of rules", () => {
  const rules = domainFrom("d", withDescriptor("{key: a}"), withDescriptor("{key: b}"));
  expect([labelMet(rules, "a=1"), labelMet(rules, "b=1")]).toEqual(["a", "b"]);
});

test("[duplicate-rules] the same descriptor twice is an error that names both places", () => {
  const files = ["a.yaml", "b.yaml"].map((path) => ({ path, text: withDescriptor("{key: k, value: v}") }));
  expect(linesOf(compileRules(files).faults)).toEqual([
    'b.yaml:3:5: a descriptor with key "k" and value "v" is here already: a.yaml:3:5',
  ]);
  expect(faultsIn("domain: d\ndescriptors: [{key: k}, {key: k}]")).toHaveLength(1);
});

test("[later-documents] a second document is an error", () => {
  const { rules, faults } = compileRules([{ path: "r.yaml", text: "domain: d\n---\ndomain: e\n" }]);
  expect(rules).toBeUndefined();
  expect(faults.map((fault) => fault.code)).toEqual(["several-documents"]);
});

test("[empty-domain] an empty or missing domain is an error", () => {
  expect(faultsIn("domain: ''\n")).toEqual(["r.yaml:1:9: domain must not be empty"]);
  expect(faultsIn("descriptors: []\n")).toEqual(["r.yaml:1:1: domain is required"]);
});

test("[unknown-key] an unknown key is an error that names the nearest one", () => {
  expect(faultsIn(withDescriptor("{key: k, rate_limt: {unit: day}}"))).toEqual([
    'r.yaml:3:14: unknown key "rate_limt"; did you mean "rate_limit"?',
  ]);
});

test("[misplaced-keys] a key of the grammar in the wrong place is ignored with a warning", () => {
  const text = withDescriptor(
    "{key: k, unlimited: true, name: n, rate_limit: {unit: day, requests_per_unit: 1, shadow_mode: true}}",
  );
  expect(faultsIn(text)).toEqual([
    "r.yaml:3:14: warning: unlimited has no effect in a descriptor and is ignored; it belongs inside rate_limit",
    "r.yaml:3:31: warning: name has no effect in a descriptor and is ignored; it belongs inside rate_limit",
    "r.yaml:3:86: warning: shadow_mode has no effect in rate_limit and is ignored; it belongs in a descriptor",
  ]);
  const rule = onlyRule(text);
  expect(rule.shadowMode).toBe(false);
  expect(rule.limits).toMatchObject([{ unlimited: false, name: "", requestsPerUnit: 1 }]);
});

test("[misplaced-keys] a misplaced key of Weir's own is an error", () => {
  expect(faultsIn(withDescriptor("{key: k, burst: 5}"))).toEqual([
    "r.yaml:3:14: burst is not allowed in a descriptor; it belongs inside rate_limit",
  ]);
});

test("[duplicate-keys] a key twice in one map is an error", () => {
  expect(faultsIn(withDescriptor("{key: k, value: a, value: b}"))).toEqual([
    'r.yaml:3:24: the key "value" is in this map already, at line 3, column 14',
  ]);
});

const WITH_ALIASES = `
domain: d
descriptors:
  - key: a
    rate_limit: &common { unit: day, requests_per_unit: 7 }
  - key: b
    rate_limit: *common
  - key: c
    rate_limit:
      requests_per_unit: 9
      <<: *common
`;

test("[aliases] an alias stands for what its anchor marks", () => {
  expect(domainFrom("d", WITH_ALIASES).match([{ key: "b", value: "" }])?.limits).toMatchObject([
    { unit: "day", requestsPerUnit: 7 },
  ]);
});

test("[merge-keys] a map's own keys win over merged ones, wherever the merge key stands", () => {
  expect(domainFrom("d", WITH_ALIASES).match([{ key: "c", value: "" }])?.limits).toMatchObject([
    { unit: "day", requestsPerUnit: 9 },
  ]);
});

test.each([
  ["yes", true],
  ["on", true],
  ["y", true],
  ["Off", false],
])("[yaml-1-1-booleans] %s is a flag, with a warning", (written, flag) => {
  const text = withDescriptor(`{key: k, shadow_mode: ${written}, rate_limit: {unit: day}}`);
  expect(faultsIn(text)).toEqual([`r.yaml:3:27: warning: ${written} is a flag in YAML 1.1 only; write ${flag}`]);
  expect(onlyRule(text).shadowMode).toBe(flag);
});

test("[number-forms] 1_000 is a number with a warning; hexadecimal and octal numbers are errors", () => {
  const limit = (number: string) => withDescriptor(`{key: k, rate_limit: {unit: day, requests_per_unit: ${number}}}`);
  expect(faultsIn(limit("1_000"))).toEqual(["r.yaml:3:57: warning: 1_000 is a number in YAML 1.1 only; write 1000"]);
  expect(onlyRule(limit("1_000")).limits).toMatchObject([{ requestsPerUnit: 1000 }]);
  for (const number of ["0x10", "010"]) {
    expect(faultsIn(limit(number))).toEqual([
      `r.yaml:3:57: requests_per_unit must be a whole decimal number from 0 to 4294967295, not ${number}`,
    ]);
  }
});

test.each(["007", "on", "0x1F", "5", "true", "2026-11-23"])(
  "[values-as-text] the value %s is taken as written",
  (text) => {
    expect(labelMet(domainFrom("d", withDescriptor(`{key: k, value: ${text}}`)), `k=${text}`)).toBe(`k=${text}`);
  },
);

test.each(["1.10", "1e3", ".5"])("[float-values] the value %s is taken as written", (text) => {
  expect(labelMet(domainFrom("d", withDescriptor(`{key: k, value: ${text}}`)), `k=${text}`)).toBe(`k=${text}`);
});
