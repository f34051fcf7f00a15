import { expect } from "vitest";
import type { Fault } from "../../../src/rules/faults.js";
import { compileRules } from "../../../src/rules/load-rules.js";
import type { DomainRules, Rule } from "../../../src/rules/rule.js";

/** Faults as one line each, without the caret. */
export function linesOf(faults: readonly Fault[]): string[] {
  return faults.map(({ severity, position: { file, line, column }, message }) => {
    return `${file}:${line}:${column}: ${severity === "warning" ? "warning: " : ""}${message}`;
  });
}

/** What is wrong with one file called r.yaml. */
export function faultsIn(text: string): string[] {
  return linesOf(compileRules([{ path: "r.yaml", text }]).faults);
}

/** The rules of one domain in files that must have no errors. */
export function domainFrom(domain: string, ...texts: string[]): DomainRules {
  const result = compileRules(texts.map((text, i) => ({ path: `${i}.yaml`, text })));
  expect(linesOf(result.faults.filter((fault) => fault.severity === "error"))).toEqual([]);
  const rules = result.rules?.domains.get(domain);
  expect(rules, `domain ${domain}`).toBeDefined();
  return rules as DomainRules;
}

/** The only rule of domain d in a file, warnings allowed. */
export function onlyRule(text: string): Rule {
  const rules = compileRules([{ path: "r.yaml", text }]).rules?.domains.get("d")?.rules;
  expect(rules).toHaveLength(1);
  return (rules as readonly Rule[])[0] as Rule;
}

/** The label of the rule that `key=value` pairs meet, if any. */
export function labelMet(rules: DomainRules, ...entries: string[]): string | undefined {
  const split = entries.map((entry) => {
    const at = entry.indexOf("=");
    return { key: entry.slice(0, at), value: entry.slice(at + 1) };
  });
  return rules.match(split)?.label;
}
