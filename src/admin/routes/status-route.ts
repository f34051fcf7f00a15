import { countRules } from "../../rules/reload/encoded-rules.js";
import type { PastReload } from "../../rules/reload/reload-result.js";
import type { AdminParts } from "../admin-parts.js";
import { statusSchema } from "../api/answer-schemas.js";
import { type ApiRoute, apiRoute } from "../api/api-route.js";
import { toldEnforcement } from "./told.js";

/** How Weir runs. */
export function statusRoute(parts: AdminParts): ApiRoute {
  const { version, startedAt, rulesSource, rules, store, isBreakerOpen, controls } = parts;
  return apiRoute({
    method: "GET",
    path: "/api/v1/status",
    operationId: "getStatus",
    summary: "How this replica runs: store, rules, enforcement.",
    answers: { status: 200, schema: statusSchema },
    errors: [],
    handle: () => {
      const { lastReload } = rules;
      return {
        version,
        startedAt: startedAt.toISOString(),
        store: { kind: store.kind, ready: store.isReady(), breakerOpen: isBreakerOpen() },
        rules: {
          source: rulesSource,
          ...(rules.version === undefined ? {} : { version: rules.version }),
          domains: rules.current.domains.size,
          rules: countRules(rules.encoded),
          loadedAt: rules.loadedAt.toISOString(),
          ...(lastReload === undefined ? {} : { lastReload: toldReload(lastReload) }),
        },
        enforcement: toldEnforcement(controls),
        overrides: controls.document.overrides.length,
      };
    },
  });
}

function toldReload(reload: PastReload) {
  const faults = reload.kind === "unchanged" ? [] : reload.faults.texts;
  return { result: reload.kind, at: reload.at.toISOString(), faults };
}
