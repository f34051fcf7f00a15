import type { Decision } from "../../engine/decision.js";
import type { RuleSet } from "../../rules/rule.js";
import { openVirtualEngine } from "../virtual-engine.js";
import { findMismatches, type Mismatch } from "./find-mismatches.js";
import { type RuleMet, ruleMet } from "./rule-met.js";
import type { RuleTest, Step, TestFile } from "./test-file.js";

/** A step whose answer was another than expected. */
export interface FailedStep {
  /** Where the step stands in its test, from 0. */
  readonly index: number;
  readonly step: Step;
  readonly domain: string;
  readonly atMicros: number;
  /** Which of the step's requests it was, from 1. */
  readonly request: number;
  readonly decision: Decision;
  /** One to one with the descriptors. */
  readonly rules: readonly RuleMet[];
  readonly mismatches: readonly Mismatch[];
}

/**
 * Runs one test: the engine and the memory store of `weir serve`, empty, at a time that the steps set. Time 0 is the
 * epoch, at which windows of every length begin.
 * @returns the steps that failed, none when the test passed
 */
export async function runTest(test: RuleTest, file: TestFile, rules: RuleSet): Promise<FailedStep[]> {
  let nowMicros = 0;
  const engine = openVirtualEngine({ rules, nowMicros: () => nowMicros, settings: settingsOf(file) });
  const failed: FailedStep[] = [];
  for (const [index, step] of test.steps.entries()) {
    if (step.at !== undefined) nowMicros = Math.round(step.at * 1000);
    // `checkStories` has made sure of a domain.
    const domain = step.domain ?? test.domain ?? file.domain ?? "";
    const rulesMet = step.send.map((descriptor) => ruleMet(rules.domains.get(domain), descriptor));
    const times = step.times ?? 1;
    let failure: FailedStep | undefined;
    for (let request = 1; request <= times; request++) {
      const decision = await engine.decide({ domain, descriptors: step.send, hitsAddend: step.hits_addend ?? 0 });
      // A step fails once, but all its requests are sent: those after it count on what they took.
      if (failure !== undefined) continue;
      const mismatches = findMismatches(step.expect, decision, rulesMet, request === times);
      const context = { index, step, domain, atMicros: nowMicros, request, decision, rules: rulesMet };
      if (mismatches.length > 0) failure = { ...context, mismatches };
    }
    if (failure !== undefined) failed.push(failure);
  }
  return failed;
}

function settingsOf({ settings = {} }: TestFile) {
  const { default_algorithm, global_shadow = false, global_quota = false, pending_lapse } = settings;
  return {
    globalShadow: global_shadow,
    globalQuota: global_quota,
    ...(default_algorithm === undefined ? {} : { defaultAlgorithm: default_algorithm }),
    ...(pending_lapse === undefined ? {} : { pendingLapseMillis: pending_lapse }),
  };
}
