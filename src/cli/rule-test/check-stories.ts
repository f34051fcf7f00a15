import type { FaultCode } from "../../rules/fault-codes.js";
import type { Fault } from "../../rules/faults.js";
import { quote } from "../../rules/quote.js";
import type { Place } from "../../rules/read-document.js";
import type { Locator } from "../../rules/source-file.js";
import { findPlace } from "../../rules/validate.js";
import { countOf } from "../count-of.js";
import { describeDuration } from "../describe-duration.js";
import type { RuleTest, Step, TestFile } from "./test-file.js";

/** Something wrong at a place of the file: a path of keys and indexes. */
interface Slip {
  readonly code: FaultCode;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What is well formed and yet makes no sense: time that runs back, answers that nobody can give. */
export function checkStories(file: TestFile, root: Place, locator: Locator): Fault[] {
  const slips = [
    ...sameNames(file.tests),
    ...file.tests.flatMap((test, index) => checkTest(test, file, ["tests", index])),
  ];
  return slips.map(({ code, path, message }) => {
    const { place } = findPlace(root, path);
    return locator.faultAt(code, place.keyOffset ?? place.offset, message);
  });
}

function sameNames(tests: readonly RuleTest[]): Slip[] {
  const seen = new Set<string>();
  return tests.flatMap(({ name }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message = `there is already a test named ${quote(name)}; names must be unique in a file`;
    return [{ code: "wrong-type" as const, path: ["tests", index, "name"], message }];
  });
}

function checkTest(test: RuleTest, file: TestFile, path: readonly PropertyKey[]): Slip[] {
  const slips: Slip[] = [];
  let now = 0;
  test.steps.forEach((step, index) => {
    const stepPath = [...path, "steps", index];
    if (step.at !== undefined && step.at < now) {
      const message = `time cannot go backwards: the previous step is at ${describeDuration(now * 1000)}`;
      slips.push({ code: "wrong-type", path: [...stepPath, "at"], message });
    }
    now = Math.max(now, step.at ?? now);
    if ((step.domain ?? test.domain ?? file.domain) === undefined) {
      const message = "no domain: give it here, in the test, or at the top of the file for all tests";
      slips.push({ code: "missing-key", path: stepPath, message });
    }
    slips.push(...checkExpectation(step, [...stepPath, "expect"]));
  });
  if (test.steps.every((step) => step.expect === undefined)) {
    const message = "this test expects nothing; at least one step needs expect";
    slips.push({ code: "missing-key", path: [...path, "steps"], message });
  }
  return slips;
}

/** The fields that only make sense for one status. */
const FIELDS_OF_ONE = ["remaining", "reset", "limit", "rule"] as const;

function checkExpectation({ send, expect }: Step, path: readonly PropertyKey[]): Slip[] {
  if (expect === undefined) return [];
  const { statuses } = expect;
  const slips: Slip[] = [];
  if (statuses !== undefined && statuses.length !== send.length) {
    const message = `statuses must be one for each descriptor sent: ${send.length}, not ${statuses.length}`;
    slips.push({ code: "wrong-type", path: [...path, "statuses"], message });
  }
  for (const field of FIELDS_OF_ONE) {
    if (expect[field] === undefined || send.length === 1) continue;
    const message = `ambiguous: ${countOf(send.length, "descriptor")} are sent, so put ${field} into statuses`;
    slips.push({ code: "misplaced-key", path: [...path, field], message });
  }
  if (Object.keys(expect).length === 0) slips.push({ code: "missing-key", path, message: "expect is empty" });
  return slips;
}
