import { compileRules } from "../../rules/load-rules.js";
import type { RuleSet } from "../../rules/rule.js";

/** The domain of all warm-up requests. */
export const WARM_UP_DOMAIN = "weir-warm-up";

/**
 * Rules of every kind that a decision may meet, so that no user is the first to meet one. Their buckets are full again
 * within a second, so that none outlives the warm-up for long.
 */
const RULES = `
domain: ${WARM_UP_DOMAIN}
descriptors:
  - { key: address, rate_limit: { requests_per_unit: 1000, unit: second, burst: 5 } }
  - { key: path, value: /login, rate_limit: { requests_per_unit: 2, unit: second } }
  - key: path
    value: "/api/*"
    rate_limits:
      - { requests_per_unit: 1000, unit: second, name: even }
      - { requests_per_unit: 1000, unit: second, algorithm: fixed_window, name: window }
    descriptors:
      - { key: address, rate_limit: { requests_per_unit: 100, unit: second, algorithm: sliding_window } }
  - { key: path, regex: "^/v[0-9]+/export$", rate_limit: { requests_per_unit: 1000, unit: second } }
  - { key: client, cidr: 192.0.2.0/24, rate_limit: { unlimited: true } }
  - { key: client, shadow_mode: true, rate_limit: { requests_per_unit: 2, unit: second } }
  - { key: model, rate_limit: { requests_per_unit: 1000, unit: second } }
`;

/** @throws Error where the rules above are not valid: a fault of ours */
export function warmUpRules(): RuleSet {
  const { rules, faults } = compileRules([{ path: "the warm-up's rules", text: RULES }]);
  if (rules === undefined) throw new Error(faults.map(({ message }) => message).join("; "));
  return rules;
}
