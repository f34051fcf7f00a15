import type { PlannedLimit } from "../../engine/plan.js";
import type { BucketStatus } from "../../stores/store.js";
import type { AdminParts } from "../admin-parts.js";
import { bucketSchema, resetSchema } from "../api/answer-schemas.js";
import { type ApiRoute, apiRoute } from "../api/api-route.js";
import { bucketRequestSchema, resetRequestSchema } from "../api/request-schemas.js";
import { findOverride } from "../controls/edit-document.js";
import { planOf } from "./descriptor-plan.js";
import { toldEntries, toldLimit } from "./told.js";

const EXAMPLE = { domain: "shop", descriptor: [{ key: "remote_address", value: "10.0.0.1" }] };

/** What is in a descriptor's buckets, and how to fill them. */
export function bucketRoutes(parts: AdminParts): readonly ApiRoute[] {
  return [lookRoute(parts), resetRoute(parts)];
}

function lookRoute(parts: AdminParts): ApiRoute {
  return apiRoute({
    method: "POST",
    path: "/api/v1/bucket",
    operationId: "lookAtBucket",
    summary: "The buckets of a descriptor, by the limits that it meets now. Takes nothing.",
    body: bucketRequestSchema,
    example: EXAMPLE,
    answers: { status: 200, schema: bucketSchema },
    errors: [503],
    handle: async ({ body: { domain, descriptor } }) => {
      const { kind, label, limits } = planOf(parts, domain, descriptor);
      const statuses = await parts.store.inspect(limits.map(({ charge }) => charge));
      const override = findOverride(parts.controls.document, {
        domain,
        descriptor: toldEntries(descriptor, parts.digest),
      });
      return {
        kind: kind === "replaced" ? "limited" : kind,
        rule: label,
        ...(override === undefined ? {} : { override: override.id }),
        limits: limits.map((limit, index) => toldBucket(limit, statuses[index] as BucketStatus)),
      };
    },
  });
}

function toldBucket({ limit }: PlannedLimit, { tokens, untilFullMicros, pending }: BucketStatus) {
  const fullInSeconds = Number.isFinite(untilFullMicros) ? untilFullMicros / 1_000_000 : null;
  return { ...toldLimit(limit), tokens, fullInSeconds, pending };
}

function resetRoute(parts: AdminParts): ApiRoute {
  const { store, audit, digest } = parts;
  return apiRoute({
    method: "POST",
    path: "/api/v1/bucket/reset",
    operationId: "resetBucket",
    summary: "Makes the buckets of a descriptor full, for all replicas.",
    body: resetRequestSchema,
    example: { ...EXAMPLE, who: "ada", why: "a client that was misconfigured" },
    answers: { status: 200, schema: resetSchema },
    errors: [503],
    handle: async ({ body: { domain, descriptor, who, why }, from }) => {
      const { label, limits } = planOf(parts, domain, descriptor);
      const reset = await store.reset(limits.map(({ charge }) => charge.key));
      const details = { domain, rule: label, descriptor: toldEntries(descriptor, digest), reset, who, why };
      audit({ action: "bucket_reset", from, details });
      return { reset };
    },
  });
}
