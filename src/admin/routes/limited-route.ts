import type { AdminParts } from "../admin-parts.js";
import { limitedSchema } from "../api/answer-schemas.js";
import { type ApiRoute, apiRoute } from "../api/api-route.js";
import { limitedQuerySchema } from "../api/request-schemas.js";
import { toldEntries } from "./told.js";

/** Who is limited now. */
export function limitedRoute({ topRefused, digest }: AdminParts): ApiRoute {
  return apiRoute({
    method: "GET",
    path: "/api/v1/limited",
    operationId: "listLimited",
    summary: "The descriptors that this replica refuses most, over the last seconds.",
    query: limitedQuerySchema,
    answers: { status: 200, schema: limitedSchema },
    errors: [],
    handle: ({ query }) => {
      const { seconds, refused } = topRefused.top(query.limit);
      const limited = refused.map(({ domain, entries, label, count, error }) => ({
        domain,
        descriptor: toldEntries(entries, digest),
        rule: label,
        refusedPerSecond: Math.round((count / seconds) * 10) / 10,
        refused: count,
        refusedAtLeast: count - error,
      }));
      return { window: Math.round(seconds * 1_000) / 1_000, limited };
    },
  });
}
