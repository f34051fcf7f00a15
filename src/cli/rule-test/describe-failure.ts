import type { DescriptorStatus } from "../../engine/decision.js";
import type { Descriptor } from "../../engine/request.js";
import { labelOf } from "../../rules/label.js";
import { findPlace } from "../../rules/validate.js";
import { describeDuration } from "../describe-duration.js";
import { describeLimit } from "../describe-limit.js";
import type { ReadTestFile } from "./read-test-file.js";
import type { RuleMet } from "./rule-met.js";
import type { FailedStep } from "./run-test.js";

/**
 * A failed step for people: each wrong expectation as `file:line:column: expected ..., got ...` with its line and a
 * caret, then what was sent, what came back and by which rule.
 */
export function describeFailure(read: ReadTestFile, testIndex: number, failed: FailedStep): string {
  const { mismatches, index, step, atMicros, request, decision, rules } = failed;
  const test = read.file.tests[testIndex];
  const expectPath = ["tests", testIndex, "steps", index, "expect"];
  const times = step.times === undefined || step.times === 1 ? "" : `, request ${request} of ${step.times}`;
  const rows = [
    ["test", test?.name ?? ""],
    ["step", `${index + 1} of ${test?.steps.length ?? 0}, at ${describeDuration(atMicros)}${times}`],
    ...step.send.flatMap((descriptor, each) => [
      ["sent", describeDescriptor(descriptor, step.hits_addend)],
      ["got", describeStatus(decision.statuses[each])],
      ["rule", describeRule(rules[each])],
    ]),
    ...(step.send.length === 1 ? [] : [["overall", decision.overallCode]]),
  ];
  const places = mismatches.map(({ path, message }) => {
    return { offset: findPlace(read.root, [...expectPath, ...path]).place.offset, message };
  });
  const blocks = places.sort((a, b) => a.offset - b.offset).map(({ offset, message }) => showAt(read, offset, message));
  return [...blocks, ...rows.map(([name = "", text = ""]) => `    ${name.padEnd(8)}${text}`)].join("\n");
}

function showAt({ source, locator }: ReadTestFile, offset: number, message: string): string {
  const { file, line, column } = locator.positionAt(offset);
  const text = (source.text.split(/\r?\n/)[line - 1] ?? "").replace(/[^\P{Cc}\t]/gu, "\u{fffd}");
  const caret = `${text.slice(0, column - 1).replace(/[^\t]/g, " ")}^`;
  return `${file}:${line}:${column}: ${message}\n  ${text}\n  ${caret}`;
}

function describeDescriptor({ entries, hitsAddend, isNegativeHits, limit }: Descriptor, requestHits = 0): string {
  const words = [entries.length === 0 ? "no entries" : labelOf(entries)];
  const hits = hitsAddend ?? requestHits;
  if (hitsAddend === 0) words.push("a peek");
  else if (isNegativeHits) words.push(`refund of ${hits || 1}`);
  else if (hitsAddend !== undefined || requestHits > 1) words.push(`hits ${hits}`);
  if (limit !== undefined)
    words.push(`with a limit of its own: ${limit.requestsPerUnit} per ${limit.unit ?? "unknown"}`);
  return words.join(", ");
}

function describeStatus(status: DescriptorStatus | undefined): string {
  if (status === undefined) return "nothing";
  const { code, currentLimit, limitRemaining, durationUntilResetSeconds } = status;
  const words: string[] = [code];
  if (limitRemaining !== undefined) words.push(`remaining ${limitRemaining}`);
  if (durationUntilResetSeconds !== undefined) words.push(`reset ${durationUntilResetSeconds}`);
  if (currentLimit?.name !== undefined) words.push(`limit ${currentLimit.name}`);
  return words.join(", ");
}

function describeRule(met: RuleMet | undefined): string {
  if (met?.rule === undefined) return met?.label ?? "(none)";
  const { file, line, column } = met.rule.position;
  const limits = met.rule.limits.map(describeLimit).join("; ");
  return `${met.label} at ${file}:${line}:${column}${limits === "" ? "" : `, ${limits}`}`;
}
