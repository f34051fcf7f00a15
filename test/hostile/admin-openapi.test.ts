import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminAnswer, callAdmin } from "../support/admin-client.js";
import { arbitraryOf, damaged, type JsonSchema } from "../support/json-schema-arbitrary.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RUNS = 300;

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: JsonSchema }[];
  readonly requestBody?: {
    readonly content: { readonly "application/json": { readonly schema: JsonSchema; readonly example: unknown } };
  };
  readonly responses: Readonly<
    Record<string, { readonly content: { readonly "application/json": { readonly schema: object } } }>
  >;
}

/** One operation of the document, ready to be called. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  readonly body: { readonly schema: JsonSchema; readonly example: unknown } | undefined;
  /** By status. */
  readonly answers: ReadonlyMap<number, ValidateFunction>;
}

let weir: WeirProcess;
// biome-ignore lint/suspicious/noExplicitAny: a document of anybody's
let document: any;
let calls: readonly Call[];
const ajv = new Ajv2020({
  strict: false,
  formats: { "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/ },
});

beforeAll(async () => {
  weir = await startWeir();
  document = (await callAdmin(weir.adminUrl, "GET /openapi.json")).body;
  ajv.addSchema(document, "document");
  calls = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => callOf(method.toUpperCase(), path, operation)),
  );
});

afterAll(() => weir?.stop());

function callOf(method: string, path: string, operation: Operation): Call {
  const answers = Object.keys(operation.responses).map((status): [number, ValidateFunction] => {
    const place = ["paths", path, method.toLowerCase(), "responses", status, "content", "application/json", "schema"];
    const pointer = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    return [Number(status), ajv.compile({ $ref: `document#/${pointer}` })];
  });
  return {
    method,
    path,
    operation,
    body: operation.requestBody?.content["application/json"],
    answers: new Map(answers),
  };
}

/** What the document says of such an answer must be so. */
function expectDocumented({ method, path, answers }: Call, answer: AdminAnswer): void {
  const what = `${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 300)}`;
  const isValid = answers.get(answer.status);
  expect(isValid, what).toBeDefined();
  expect(isValid?.(answer.body), `${what} ${ajv.errorsText(isValid?.errors)}`).toBe(true);
}

/** All that can be changed. */
async function everything(): Promise<unknown> {
  const [status, overrides] = await Promise.all(
    ["status", "overrides"].map((name) => callAdmin(weir.adminUrl, `GET /api/v1/${name}`)),
  );
  return [status?.body.enforcement, status?.body.rules, overrides?.body];
}

function pathWith({ path }: Call, id: string, query: Readonly<Record<string, unknown>>): string {
  const text = new URLSearchParams(
    Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString();
  return `${path.replace("{id}", encodeURIComponent(id))}${text === "" ? "" : `?${text}`}`;
}

function queryOf({ operation }: Call): fc.Arbitrary<Record<string, unknown>> {
  const fields = (operation.parameters ?? []).filter((each) => each.in === "query");
  const arbitraries = Object.fromEntries(fields.map(({ name, schema }) => [name, arbitraryOf(schema)]));
  return fc.record(arbitraries, { requiredKeys: [] });
}

describe("the OpenAPI document", () => {
  it("is one of version 3.1 that names every call once", () => {
    expect(document.openapi).toBe("3.1.0");
    const names = calls.map(({ operation }) => operation.operationId);
    expect(names.length).toBeGreaterThanOrEqual(11);
    expect(new Set(names).size).toBe(names.length);
  });

  it("has examples that its own schemas allow", () => {
    for (const { body } of calls) {
      if (body !== undefined) expect(ajv.validate(body.schema, body.example), ajv.errorsText()).toBe(true);
    }
  });
});

describe("the admin API", () => {
  it("answers all that its document allows as the document says", async () => {
    const asked = fc.constantFrom(...calls).chain((call) =>
      fc.record({
        call: fc.constant(call),
        id: fc.oneof(fc.uuid(), fc.string({ minLength: 1, unit: "grapheme" })),
        query: queryOf(call),
        // Most that is made by chance is of no domain: the example's domain gets further.
        body: call.body === undefined ? fc.constant(undefined) : fc.oneof(arbitraryOf(call.body.schema), known(call)),
      }),
    );
    const seen = new Map<number, number>();
    const property = fc.asyncProperty(asked, async ({ call, id, query, body }) => {
      const answer = await callAdmin(weir.adminUrl, `${call.method} ${pathWith(call, id, query)}`, body);
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      expectDocumented(call, answer);
    });
    await fc.assert(property, { numRuns: RUNS });
    expect([...seen.keys()].sort()).toEqual(expect.arrayContaining([200, 404, 422]));
  });

  it("answers 422 that names the field to all that its document does not allow, and changes nothing", async () => {
    await callAdmin(weir.adminUrl, "DELETE /api/v1/enforcement");
    const before = await everything();
    const withBody = calls.filter(({ body }) => body !== undefined);
    const asked = fc
      .constantFrom(...withBody)
      .chain((call) => fc.record({ call: fc.constant(call), body: known(call).chain(damaged) }))
      .filter(({ call, body }) => !ajv.validate(call.body?.schema ?? {}, plain(body)));
    const property = fc.asyncProperty(asked, async ({ call, body }) => {
      const answer = await callAdmin(weir.adminUrl, `${call.method} ${call.path}`, JSON.stringify(body) ?? "null");
      expectDocumented(call, answer);
      // A key such as __proto__ is refused before it is read.
      expect([400, 422]).toContain(answer.status);
      expect(answer.body.error.field, answer.text).toMatch(/./);
    });
    await fc.assert(property, { numRuns: RUNS });
    expect(await everything()).toEqual(before);
  });

  it("answers 400 to what is no JSON at all, and 422 to a query that is none of its own", async () => {
    const before = await everything();
    const withBody = calls.filter(({ body }) => body !== undefined);
    const noJson = fc.string({ minLength: 1 }).filter((text) => !isJson(text));
    const bodies = fc.asyncProperty(fc.constantFrom(...withBody), noJson, async (call, text) => {
      const answer = await callAdmin(weir.adminUrl, `${call.method} ${call.path}`, text);
      expectDocumented(call, answer);
      expect([answer.status, answer.body.error.field]).toEqual([400, "body"]);
    });
    await fc.assert(bodies, { numRuns: RUNS / 4 });
    for (const query of [
      "limit=0",
      "limit=1001",
      "limit=x",
      "limit=1e2",
      "offset=-1",
      "nothing=1",
      "limit=1&limit=2",
    ]) {
      const { status, body } = await callAdmin(weir.adminUrl, `GET /api/v1/rules?${query}`);
      expect([query, status, body.error.field]).toEqual([query, 422, query.split("=")[0]]);
    }
    expect(await everything()).toEqual(before);
  });
});

/** The example with some values of its own. */
function known({ body }: Call): fc.Arbitrary<unknown> {
  const { example } = body as { example: Record<string, unknown> };
  const values = fc.record({ key: fc.constant("remote_address"), value: fc.string({ maxLength: 20 }) });
  if (!("descriptor" in example)) return fc.constant(example);
  return values.map((entry) => ({ ...example, descriptor: [entry] }));
}

/** As JSON carries it. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
