import type { AnsweredStatus, RateLimitAnswer } from "../../grpc/rate-limit-client.js";
import type { Entry } from "../../rules/rule.js";
import { countOf } from "../count-of.js";
import { describeDuration } from "../describe-duration.js";

/** What a server says is left where a rule is unlimited. */
const UNLIMITED = 2 ** 32 - 1;

/** Escaped, so that no value can play tricks with a terminal. */
const CONTROL_CHARACTER = /\p{Cc}/gu;

/** All answers as a table for people, a line for each descriptor of each call, and a line that sums up. */
export function checkTable(descriptors: readonly (readonly Entry[])[], answers: readonly RateLimitAnswer[]): string {
  const head = ["descriptor", "code", "limit", "remaining", "reset"];
  const rows = answers.flatMap(({ statuses }, call) =>
    descriptors.map((entries, index) => {
      const row = [describeEntries(entries), ...describeStatus(statuses[index])];
      return answers.length === 1 ? row : [String(call + 1), ...row];
    }),
  );
  const table = align([answers.length === 1 ? head : ["call", ...head], ...rows]);
  return [...table, "", sumUp(answers), ...lastHeaders(answers)].join("\n");
}

/** `path=/login > remote_address=192.0.2.7` */
function describeEntries(entries: readonly Entry[]): string {
  return printable(entries.map(({ key, value }) => `${key}=${value}`).join(" > "));
}

function describeStatus(status: AnsweredStatus | undefined): string[] {
  if (status === undefined) return ["-", "-", "-", "-"];
  const { code, limit, remaining, resetSeconds } = status;
  if (limit === undefined) return [code, remaining === UNLIMITED ? "unlimited" : "none", "-", "-"];
  const reset = resetSeconds === undefined ? "-" : describeDuration(resetSeconds * 1_000_000);
  return [code, describeLimit(limit), String(remaining), reset];
}

function describeLimit({ requestsPerUnit, unit, unitMultiplier, name }: NonNullable<AnsweredStatus["limit"]>): string {
  const one = unit.toLowerCase();
  const rate = `${requestsPerUnit} per ${unitMultiplier === 1 ? one : `${unitMultiplier} ${one}s`}`;
  return name === "" ? rate : printable(`${rate} (${name})`);
}

function sumUp(answers: readonly RateLimitAnswer[]): string {
  const passed = answers.filter(({ code }) => code === "OK").length;
  if (answers.length === 1) return passed === 1 ? "OK: let through" : "OVER_LIMIT: refused";
  return `${countOf(answers.length, "call")}: ${passed} let through, ${answers.length - passed} refused`;
}

function lastHeaders(answers: readonly RateLimitAnswer[]): string[] {
  return (answers.at(-1)?.headers ?? []).map(({ key, value }) => printable(`header  ${key}: ${value}`));
}

function printable(text: string): string {
  return text.replace(CONTROL_CHARACTER, (character) => JSON.stringify(character).slice(1, -1));
}

/** Columns as wide as they need, two spaces between them. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
