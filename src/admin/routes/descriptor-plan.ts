import type { DescriptorPlan } from "../../engine/plan.js";
import { nearest } from "../../rules/nearest.js";
import type { Entry } from "../../rules/rule.js";
import type { AdminParts } from "../admin-parts.js";
import { ApiError } from "../api/api-route.js";

/** What a descriptor meets now. @throws ApiError for a domain that no rules know */
export function planOf({ engine, rules }: AdminParts, domain: string, entries: readonly Entry[]): DescriptorPlan {
  const plan = engine.explain(domain, entries);
  if (plan !== undefined) return plan;
  const near = nearest(domain, [...rules.current.domains.keys()]);
  const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
  throw new ApiError(422, `no rules know the domain ${JSON.stringify(domain)}${hint}`, "domain");
}
