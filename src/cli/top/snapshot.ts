import { z } from "zod";

const entry = z.object({ key: z.string(), value: z.string().optional(), digest: z.string().optional() });
const rate = z.number();

/** What is used of the admin API's answers. More may be in them: the server may be a newer one. */
const statusSchema = z.object({
  version: z.string(),
  store: z.object({ kind: z.string(), ready: z.boolean(), breakerOpen: z.boolean() }),
  rules: z.object({
    rules: z.number(),
    loadedAt: z.string(),
    lastReload: z.object({ result: z.string(), at: z.string(), faults: z.array(z.string()) }).optional(),
  }),
  enforcement: z.object({
    paused: z.boolean(),
    who: z.string().optional(),
    why: z.string().optional(),
    until: z.string().optional(),
  }),
});

const trafficSchema = z.object({
  at: z.string(),
  decisions: z.record(z.string(), z.number()),
  rules: z.array(z.object({ domain: z.string(), rule: z.string(), okPerSecond: rate, overLimitPerSecond: rate })),
});

const limitedSchema = z.object({
  limited: z.array(
    z.object({ domain: z.string(), descriptor: z.array(entry), rule: z.string(), refusedPerSecond: rate }),
  ),
});

const limitSchema = z.object({
  unlimited: z.boolean().optional(),
  requestsPerUnit: z.number().optional(),
  unit: z.string().optional(),
  unitMultiplier: z.number().optional(),
  burst: z.number().optional(),
});

const overridesSchema = z.object({
  overrides: z.array(
    z.object({
      id: z.string(),
      domain: z.string(),
      descriptor: z.array(entry),
      limit: limitSchema,
      until: z.string(),
      who: z.string(),
      why: z.string(),
    }),
  ),
});

export type SeenEntry = z.output<typeof entry>;
export type SeenLimit = z.output<typeof limitSchema>;

/** What the server told at one moment. */
export interface Snapshot {
  readonly status: z.output<typeof statusSchema>;
  readonly traffic: z.output<typeof trafficSchema>;
  readonly limited: z.output<typeof limitedSchema>["limited"];
  readonly overrides: z.output<typeof overridesSchema>["overrides"];
}

/** The admin API did not answer, or not as one. The message says in one line why. */
export class NoSnapshot extends Error {
  override readonly name = "NoSnapshot";
}

const TIMEOUT_MILLIS = 5_000;

/** Whom to ask, and how long. */
export interface Source {
  readonly adminUrl: URL;
  readonly token: string | undefined;
  /** Ends waiting for answers. */
  readonly signal: AbortSignal;
}

/**
 * Asks the admin API for all that is shown.
 * @throws NoSnapshot
 */
export async function takeSnapshot(source: Source): Promise<Snapshot> {
  const ask = <Schema extends z.ZodType>(path: string, schema: Schema) => get(source, path, schema);
  const [status, traffic, { limited }, { overrides }] = await Promise.all([
    ask("status", statusSchema),
    ask("traffic", trafficSchema),
    ask("limited", limitedSchema),
    ask("overrides", overridesSchema),
  ]);
  return { status, traffic, limited, overrides };
}

async function get<Schema extends z.ZodType>(
  { adminUrl, token, signal: quit }: Source,
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MILLIS), quit]);
  let status: number;
  let text: string;
  try {
    const response = await fetch(new URL(`/api/v1/${path}`, adminUrl), { headers, signal, redirect: "manual" });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new NoSnapshot(reasonOf(error as Error), { cause: error });
  }
  if (status === 401) throw new NoSnapshot("it wants a token, or another one: --token-file FILE");
  const { data, error } = schema.safeParse(parsed(text));
  if (status === 200 && error === undefined) return data as z.output<Schema>;
  throw new NoSnapshot(`GET /api/v1/${path} is answered with ${status} and not as Weir's admin API does`);
}

/** What fetch says of a connection that failed is in its cause. */
function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return `not within ${TIMEOUT_MILLIS / 1_000} s`;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? error.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
