import { z } from "zod";
import { errorSchema } from "./answer-schemas.js";
import type { ApiRoute, ErrorStatus } from "./api-route.js";
import { sentAs } from "./sent-as.js";

type Json = Readonly<Record<string, unknown>>;

const WORDS: Readonly<Record<ErrorStatus, string>> = {
  400: "Not a request that can be read.",
  401: "The bearer token is missing or wrong.",
  403: "The Host or the Origin is not one that is served.",
  404: "There is no such thing.",
  405: "Not with this method.",
  409: "Not in the present state.",
  413: "The body is too large.",
  414: "The path is too long.",
  415: "The body must be application/json.",
  422: "A field is wrong: the error names it.",
  503: "The store does not answer. A change may have been made, or not: look.",
};

const ALWAYS: readonly ErrorStatus[] = [400, 401, 403, 405];
const WITH_BODY: readonly ErrorStatus[] = [413, 415, 422];

/**
 * Describes the API as OpenAPI 3.1, from the very schemas that check requests.
 * @param needsToken whether callers must show a token
 */
export function openApiDocument(routes: readonly ApiRoute[], version: string, needsToken: boolean): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Weir admin API", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    ...(needsToken ? { security: [{ token: [] }] } : {}),
    paths,
    components: {
      schemas: { Error: schemaOf(errorSchema, "output") },
      ...(needsToken ? { securitySchemes: { token: { type: "http", scheme: "bearer" } } } : {}),
    },
  };
}

function operationOf({ operationId, summary, path, query, body, example, answers, errors }: ApiRoute): Json {
  const parameters = [...pathParameters(path), ...(query === undefined ? [] : queryParameters(query))];
  const content = (schema: Json, more: Json = {}): Json => ({ "application/json": { schema, ...more } });
  const statuses = new Set([...ALWAYS, ...errors]);
  if (query !== undefined) statuses.add(422);
  if (path.includes("{")) statuses.add(414);
  if (body !== undefined) for (const status of WITH_BODY) statuses.add(status);
  const failures = [...statuses]
    .sort((a, b) => a - b)
    .map((status) => [
      String(status),
      { description: WORDS[status], content: content({ $ref: "#/components/schemas/Error" }) },
    ]);
  return {
    operationId,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: content(schemaOf(body, "input"), { example }) } }),
    responses: {
      [answers.status]: { description: "Done.", content: content(schemaOf(answers.schema, "output")) },
      ...Object.fromEntries(failures),
    },
  };
}

function pathParameters(path: string): Json[] {
  if (!path.includes("{id}")) return [];
  return [{ name: "id", in: "path", required: true, schema: { type: "string", minLength: 1 } }];
}

function queryParameters(query: z.ZodType): Json[] {
  const { properties = {} } = schemaOf(query, "input") as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    return { name, in: "query", required: false, description, schema };
  });
}

/** A schema as JSON Schema, whole in its place. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    override: ({ zodSchema, jsonSchema }) => {
      // The format says it in a word.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
      const as = sentAs.get(zodSchema as unknown as z.ZodType);
      if (as !== undefined) Object.assign(jsonSchema, as);
    },
  });
  return json;
}
