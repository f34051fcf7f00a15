import { textsPage } from "../../rules/sources/texts-page.js";
import type { AdminParts } from "../admin-parts.js";
import { sourcesSchema } from "../api/answer-schemas.js";
import { type ApiRoute, apiRoute } from "../api/api-route.js";
import { sourcesQuerySchema } from "../api/request-schemas.js";

/** What the rules in force were made of. */
export function sourcesRoute({ rules, defaultAlgorithm }: AdminParts): ApiRoute {
  return apiRoute({
    method: "GET",
    path: "/api/v1/sources",
    operationId: "listSources",
    summary:
      "The text of the rules in force, a page at a time: files as they were read, resources of a control plane as the rules files that they stand for.",
    query: sourcesQuerySchema,
    answers: { status: 200, schema: sourcesSchema },
    errors: [],
    handle: ({ query }) => {
      const { parts, next } = textsPage(rules.texts, query.offset);
      return { loadedAt: rules.loadedAt.toISOString(), defaultAlgorithm, parts, next: next ?? null };
    },
  });
}
