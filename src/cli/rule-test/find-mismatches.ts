import type { Decision, DescriptorStatus } from "../../engine/decision.js";
import type { RuleMet } from "./rule-met.js";
import type { Expectation, StatusExpectation } from "./test-file.js";

/** One thing that is not as expected. */
export interface Mismatch {
  /** The expectation's place below `expect`; empty for a code that stands there by itself. */
  readonly path: readonly PropertyKey[];
  /** `expected OK, got OVER_LIMIT`. */
  readonly message: string;
}

/**
 * Compares an answer with what is expected of it.
 * @param isLast of a step's requests the last one is held against everything, those before it against codes and rules,
 *   since what remains differs from one to the next
 */
export function findMismatches(
  expected: Expectation | undefined,
  { overallCode, statuses }: Decision,
  rules: readonly RuleMet[],
  isLast: boolean,
): Mismatch[] {
  if (expected === undefined) return [];
  const { code, statuses: each = [], ...ofOne } = expected;
  const whole = compare("code", code, overallCode);
  const one = compareStatus(ofOne, statuses[0], rules[0], isLast);
  const all = each.flatMap((status, index) => {
    const found = compareStatus(status, statuses[index], rules[index], isLast);
    const about = `status ${index + 1}: `;
    return found.map(({ path, message }) => ({ path: ["statuses", index, ...path], message: `${about}${message}` }));
  });
  return [...whole, ...one, ...all];
}

function compareStatus(
  expected: StatusExpectation,
  status: DescriptorStatus | undefined,
  met: RuleMet | undefined,
  isLast: boolean,
): Mismatch[] {
  const found = [...compare("code", expected.code, status?.code), ...compare("rule", expected.rule, met?.label)];
  if (!isLast) return found;
  return [
    ...found,
    ...compare("remaining", expected.remaining, status?.limitRemaining),
    ...compare("reset", expected.reset, status?.durationUntilResetSeconds),
    ...compare(
      "limit",
      expected.limit,
      status?.currentLimit === undefined ? undefined : (status.currentLimit.name ?? ""),
    ),
  ];
}

function compare(field: string, expected: string | number | undefined, got: string | number | undefined): Mismatch[] {
  if (expected === undefined || expected === got) return [];
  const name = field === "code" ? "" : `${field} `;
  return [{ path: [field], message: `expected ${name}${show(expected)}, got ${show(got)}` }];
}

function show(value: string | number | undefined): string {
  if (value === undefined) return "none";
  return value === "" ? '""' : String(value);
}
