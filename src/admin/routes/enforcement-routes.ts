import type { AdminParts } from "../admin-parts.js";
import { enforcementSchema, reloadSchema } from "../api/answer-schemas.js";
import { ApiError, type ApiRoute, apiRoute } from "../api/api-route.js";
import { pauseRequestSchema } from "../api/request-schemas.js";
import { paused, resumed } from "../controls/edit-document.js";
import { endMillisOf } from "./end-of.js";
import { toldEnforcement } from "./told.js";

/** Letting everything through for a while. */
export function enforcementRoutes(parts: AdminParts): readonly ApiRoute[] {
  return [pauseRoute(parts), resumeRoute(parts)];
}

function pauseRoute({ controls, audit, isGlobalShadow }: AdminParts): ApiRoute {
  return apiRoute({
    method: "PUT",
    path: "/api/v1/enforcement",
    operationId: "pauseEnforcement",
    summary: "Lets every request through until this ends; decisions are made and counted as ever.",
    body: pauseRequestSchema,
    example: { paused: true, forSeconds: 600, who: "ada", why: "an outage of the payment service" },
    answers: { status: 200, schema: enforcementSchema },
    errors: [409, 503],
    handle: async ({ body, from }) => {
      if (isGlobalShadow) throw new ApiError(409, "nothing is enforced anyway: the setting WEIR_GLOBAL_SHADOW is true");
      const { who, why } = body;
      await controls.change((document, nowMillis) => {
        const untilMillis = endMillisOf(body, nowMillis);
        return paused(document, { who, why, sinceMillis: Math.round(nowMillis), untilMillis });
      });
      const told = toldEnforcement(controls);
      audit({ action: "enforcement_paused", from, details: told });
      return told;
    },
  });
}

function resumeRoute({ controls, audit }: AdminParts): ApiRoute {
  return apiRoute({
    method: "DELETE",
    path: "/api/v1/enforcement",
    operationId: "resumeEnforcement",
    summary: "Ends a pause: limits are enforced again.",
    answers: { status: 200, schema: enforcementSchema },
    errors: [404, 409, 503],
    handle: async ({ from }) => {
      await controls.change((document) => {
        if (document.pause === undefined) throw new ApiError(404, "enforcement is not paused");
        return resumed(document);
      });
      const told = toldEnforcement(controls);
      audit({ action: "enforcement_resumed", from, details: told });
      return told;
    },
  });
}

/** Reading the rules again. */
export function reloadRoute({ rules, rulesSource, areRulesPushed, audit }: AdminParts): ApiRoute {
  return apiRoute({
    method: "POST",
    path: "/api/v1/reload",
    operationId: "reloadRules",
    summary: "Reads the rules of this replica again now, and tells what came of it.",
    answers: { status: 200, schema: reloadSchema },
    errors: [409],
    handle: async ({ from }) => {
      if (areRulesPushed) {
        throw new ApiError(
          409,
          `rules come from ${rulesSource}, which sends them when they change: there is nothing to read`,
        );
      }
      const result = await rules.reloadNow();
      const { texts, more } = result.kind === "unchanged" ? { texts: [], more: 0 } : result.faults;
      audit({ action: "rules_reloaded", from, details: { result: result.kind } });
      return { result: result.kind, seconds: result.seconds, faults: texts, moreFaults: more };
    },
  });
}
