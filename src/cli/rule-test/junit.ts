import { formatFault } from "../../rules/faults.js";
import { describeFailure } from "./describe-failure.js";
import type { TestFileRun, TestResult } from "./run-test-file.js";

/** Results as JUnit XML, as CI systems read it: a suite for each file, a case for each test. */
export function junitXml(runs: readonly TestFileRun[]): string {
  const totals = tagOf("testsuites", { name: "weir test", ...countsOf(runs) });
  return ['<?xml version="1.0" encoding="UTF-8"?>', totals, ...runs.flatMap(suiteLines), "</testsuites>", ""].join(
    "\n",
  );
}

function suiteLines(run: TestFileRun): string[] {
  const cases = run.read === undefined ? brokenFile(run) : run.tests.flatMap((test) => caseLines(run, test));
  return [`  ${tagOf("testsuite", { name: run.path, ...countsOf([run]) })}`, ...cases, "  </testsuite>"];
}

/** A file that could not be run is an error of one case, since a suite without cases is easily overlooked. */
function brokenFile({ path, faults }: TestFileRun): string[] {
  const message = faults[0]?.message ?? "";
  return [
    `    ${tagOf("testcase", { classname: path, name: "can be run", time: "0" })}`,
    `      ${tagOf("error", { message })}${escapeText(faults.map(formatFault).join("\n"))}</error>`,
    "    </testcase>",
  ];
}

function caseLines({ path, read }: TestFileRun, { name, index, failed, seconds }: TestResult): string[] {
  const failures = failed.map((step) => {
    const message = step.mismatches.map((mismatch) => mismatch.message).join("; ");
    const text = read === undefined ? "" : describeFailure(read, index, step);
    return `      ${tagOf("failure", { message })}${escapeText(text)}</failure>`;
  });
  const tag = tagOf("testcase", { classname: path, name, time: seconds.toFixed(3) });
  return [`    ${tag}`, ...failures, "    </testcase>"];
}

function countsOf(runs: readonly TestFileRun[]): Record<string, string> {
  const tests = runs.flatMap((run) => run.tests);
  const errors = runs.filter((run) => run.read === undefined).length;
  return {
    tests: String(tests.length + errors),
    failures: String(tests.filter((test) => test.failed.length > 0).length),
    errors: String(errors),
    time: tests.reduce((sum, test) => sum + test.seconds, 0).toFixed(3),
  };
}

function tagOf(name: string, attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`);
  return `<${name}${pairs.join("")}>`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Characters that XML 1.0 has no way to write become U+FFFD. */
function escapeText(text: string): string {
  return text
    .replace(/[^\t\n\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\u{fffd}")
    .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}

/** A reader would make a blank of a line end in an attribute. */
function escapeAttribute(text: string): string {
  return escapeText(text).replace(/[\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}
