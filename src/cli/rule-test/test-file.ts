import type { Code } from "../../engine/decision.js";
import type { Descriptor } from "../../engine/request.js";
import type { Algorithm } from "../../limits/limit.js";

/** A file of rule tests, valid. Lists keep the order of the file, so that an index is also a place in it. */
export interface TestFile {
  /** The rules, a path from the folder of the test file. */
  readonly rules: string;
  readonly domain?: string | undefined;
  readonly settings?: TestSettings | undefined;
  readonly tests: readonly RuleTest[];
}

/** Settings of `weir serve` under which the tests run; its defaults where absent. */
export interface TestSettings {
  readonly default_algorithm?: Algorithm | undefined;
  readonly global_shadow?: boolean | undefined;
  readonly global_quota?: boolean | undefined;
  /** Milliseconds. */
  readonly pending_lapse?: number | undefined;
}

/** A story over buckets that are full when it begins, at time 0. */
export interface RuleTest {
  readonly name: string;
  readonly domain?: string | undefined;
  readonly steps: readonly Step[];
}

/** A request, sent once or more often at one moment. */
export interface Step {
  /** Milliseconds since the test began; absent: when the step before was. */
  readonly at?: number | undefined;
  readonly domain?: string | undefined;
  readonly send: readonly Descriptor[];
  /** The request's hits; absent: none given, which means 1. */
  readonly hits_addend?: number | undefined;
  readonly times?: number | undefined;
  readonly expect?: Expectation | undefined;
}

/** What one status must say; what is absent may be anything. */
export interface StatusExpectation {
  readonly code?: Code | undefined;
  /** `limit_remaining`. */
  readonly remaining?: number | undefined;
  /** `duration_until_reset`, whole seconds. */
  readonly reset?: number | undefined;
  /** The name of the limit that is told. */
  readonly limit?: string | undefined;
  /** The label of the rule that the descriptor meets, `(none)` or `(override)`. */
  readonly rule?: string | undefined;
}

/** What an answer must say: the overall code, and of the one descriptor or of each. */
export interface Expectation extends StatusExpectation {
  readonly statuses?: readonly StatusExpectation[] | undefined;
}
