import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FAULT_CODES, type FaultCode } from "../../../src/rules/fault-codes.js";
import type { Fault } from "../../../src/rules/faults.js";
import { compileRules, loadRules } from "../../../src/rules/load-rules.js";

interface Section {
  readonly code: string;
  readonly severity: string;
  readonly language: string;
  readonly example: string;
  readonly advice: string;
}

function readSections(): Section[] {
  const page = readFileSync(new URL("../../../docs/faults.md", import.meta.url), "utf8");
  const heading = /^### `(?<code>[^`]+)` \((?<severity>\w+)\)\n/m;
  return page
    .split(/^(?=### )/m)
    .slice(1)
    .map((text) => {
      const [, code = "", severity = ""] = heading.exec(text) ?? [];
      const [, language = "", example = "", advice = ""] = /^```(\w+)\n([\s\S]*?)^```\n([\s\S]*)/m.exec(text) ?? [];
      return { code, severity, language, example, advice };
    });
}

async function faultsOf({ language, example }: Section): Promise<readonly Fault[]> {
  if (language === "yaml") return compileRules([{ path: "rules/shop.yaml", text: example }]).faults;
  const folder = mkdtempSync(join(tmpdir(), "weir-faults-"));
  try {
    execFileSync("sh", ["-e", "-c", example], { cwd: folder });
    return (await loadRules(join(folder, "rules"))).faults;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sections = readSections();

test("the page and the table have the same codes", () => {
  expect(sections.map(({ code }) => code)).toEqual(Object.keys(FAULT_CODES));
});

test.each(sections)("the example of $code gives that fault and no other", async (section) => {
  const faults = await faultsOf(section);
  expect(faults.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    expect.stringMatching(`^${section.code}: .`),
  ]);
  expect(faults[0]?.severity).toBe(section.severity);
  expect(FAULT_CODES[section.code as FaultCode].severity).toBe(section.severity);
  expect(section.advice.trim()).not.toBe("");
});
