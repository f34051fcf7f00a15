import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { OverrideLimit } from "../../engine/override-index.js";
import type { AdminParts } from "../admin-parts.js";
import { overrideAnswerSchema, overridesSchema } from "../api/answer-schemas.js";
import { ApiError, type ApiRoute, apiRoute } from "../api/api-route.js";
import { overrideRequestSchema } from "../api/request-schemas.js";
import type { AdminOverride } from "../controls/control-document.js";
import { withOverride, withoutOverride } from "../controls/edit-document.js";
import { planOf } from "./descriptor-plan.js";
import { endMillisOf } from "./end-of.js";
import { toldEntries, toldOverride } from "./told.js";

type OverrideRequest = z.output<typeof overrideRequestSchema>;

/** Limits for exact descriptors, in place of their rules', for a while. */
export function overrideRoutes(parts: AdminParts): readonly ApiRoute[] {
  return [listRoute(parts), addRoute(parts), endRoute(parts)];
}

function listRoute({ controls }: AdminParts): ApiRoute {
  return apiRoute({
    method: "GET",
    path: "/api/v1/overrides",
    operationId: "listOverrides",
    summary: "The overrides in force.",
    answers: { status: 200, schema: overridesSchema },
    errors: [],
    handle: () => ({ overrides: controls.document.overrides.map(toldOverride), reach: controls.reach }),
  });
}

function addRoute(parts: AdminParts): ApiRoute {
  const { controls, audit } = parts;
  return apiRoute({
    method: "POST",
    path: "/api/v1/overrides",
    operationId: "addOverride",
    summary: "Gives a descriptor a limit of its own, or none, in place of its rule's, until it ends.",
    body: overrideRequestSchema,
    example: {
      domain: "shop",
      descriptor: [{ key: "remote_address", value: "10.0.0.1" }],
      limit: { requestsPerUnit: 1000, unit: "minute" },
      forSeconds: 3600,
      who: "ada",
      why: "a load test, agreed on the phone",
    },
    answers: { status: 201, schema: overrideAnswerSchema },
    errors: [409, 503],
    handle: async ({ body, from }) => {
      const limit = limitOf(parts, body);
      const id = randomUUID();
      let added: AdminOverride | undefined;
      await controls.change((document, nowMillis) => {
        added = overrideOf(parts, body, limit, id, nowMillis);
        return withOverride(document, added);
      });
      const told = toldOverride(added as AdminOverride);
      audit({ action: "override_added", from, details: told });
      return { ...told, reach: controls.reach };
    },
  });
}

function endRoute({ controls, audit }: AdminParts): ApiRoute {
  return apiRoute({
    method: "DELETE",
    path: "/api/v1/overrides/{id}",
    operationId: "endOverride",
    summary: "Ends an override: the rule's limits are back.",
    answers: { status: 200, schema: overrideAnswerSchema },
    errors: [404, 409, 503],
    handle: async ({ id, from }) => {
      let ended: AdminOverride | undefined;
      await controls.change((document) => {
        ended = document.overrides.find((override) => override.id === id);
        return withoutOverride(document, id);
      });
      const told = toldOverride(ended as AdminOverride);
      audit({ action: "override_ended", from, details: told });
      return { ...told, reach: controls.reach };
    },
  });
}

/** @throws ApiError where the limit does not go with what the descriptor meets */
function limitOf(parts: AdminParts, { domain, descriptor, limit }: OverrideRequest): OverrideLimit {
  const plan = planOf(parts, domain, descriptor);
  if (limit.unlimited === true) return { unlimited: true };
  const { requestsPerUnit, unit, unitMultiplier = 1, burst } = limit;
  const algorithm = plan.limits[0]?.limit.bucket.algorithm ?? parts.defaultAlgorithm;
  if (burst !== undefined && algorithm !== "token_bucket") {
    throw new ApiError(422, `burst is for a token_bucket, but here a ${algorithm} counts`, "limit.burst");
  }
  return { requestsPerUnit, unit, unitMultiplier, ...(burst === undefined ? {} : { burst }) };
}

function overrideOf(
  { digest }: AdminParts,
  body: OverrideRequest,
  limit: OverrideLimit,
  id: string,
  nowMillis: number,
): AdminOverride {
  const { domain, who, why } = body;
  const descriptor = toldEntries(body.descriptor, digest);
  const untilMillis = endMillisOf(body, nowMillis);
  return { id, domain, descriptor, limit, who, why, sinceMillis: Math.round(nowMillis), untilMillis };
}
