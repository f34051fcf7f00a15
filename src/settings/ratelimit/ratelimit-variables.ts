import { DECISION_VARIABLES } from "./decision-variables.js";
import { LISTENER_VARIABLES } from "./listener-variables.js";
import { OBSERVE_VARIABLES } from "./observe-variables.js";
import { REDIS_VARIABLES } from "./redis-variables.js";
import { RULES_VARIABLES } from "./rules-variables.js";
import type { RatelimitMapping, RatelimitVariable } from "./variable.js";

const PARTS = [LISTENER_VARIABLES, RULES_VARIABLES, REDIS_VARIABLES, DECISION_VARIABLES, OBSERVE_VARIABLES];

/** Every name of envoyproxy/ratelimit's environment. */
export const RATELIMIT_VARIABLES: readonly RatelimitVariable[] = PARTS.flatMap(({ variables }) => variables);

/** How they make settings. */
export const RATELIMIT_MAPPINGS: readonly RatelimitMapping[] = PARTS.flatMap(({ mappings }) => mappings);
