import { compileChecked } from "../../../../src/rules/load-rules.js";
import type { DomainRules } from "../../../../src/rules/rule.js";
import type { SourceFile } from "../../../../src/rules/source-file.js";
import { acceptResources } from "../../../../src/rules/xds/accept-resources.js";
import type { LimitDefaults } from "../../../../src/rules/xds/limit-defaults.js";
import { type ConfigPlan, encodeConfig } from "../../../support/rate-limit-config.js";
import { linesOf } from "../compiled.js";

export const NO_DEFAULTS: LimitDefaults = { algorithm: [], burst: [], maxDebt: [] };

/** What became of an update. */
export interface Accepted {
  readonly files: readonly SourceFile[];
  /** Errors of what was refused, then warnings of the rest, as lines. */
  readonly faults: readonly string[];
  domain(name: string): DomainRules | undefined;
}

/** Takes an update whose resources are plans or bytes. */
export function accept(
  resources: readonly (ConfigPlan | Uint8Array)[],
  { inForce = [], defaults = NO_DEFAULTS }: { inForce?: readonly SourceFile[]; defaults?: LimitDefaults } = {},
): Accepted {
  const bytes = resources.map((each) => (each instanceof Uint8Array ? each : encodeConfig(each)));
  const { accepted, faults } = acceptResources(bytes, inForce, { defaults, defaultAlgorithm: "token_bucket" });
  const compiled = compileChecked(
    accepted.map(({ checked }) => checked),
    [],
    "token_bucket",
  );
  return {
    files: accepted.map(({ file }) => file),
    faults: [...linesOf(faults), ...linesOf(compiled.faults)],
    domain: (name) => compiled.rules?.domains.get(name),
  };
}
