import { z } from "zod";
import { type AdminTarget, askAdmin } from "../admin/ask-admin.js";

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

/**
 * Asks the admin API for all that is shown.
 * @throws NoAdminAnswer
 */
export async function takeSnapshot(target: AdminTarget, quit: AbortSignal): Promise<Snapshot> {
  const ask = <Schema extends z.ZodType>(path: string, schema: Schema) => askAdmin(target, path, schema, quit);
  const [status, traffic, { limited }, { overrides }] = await Promise.all([
    ask("status", statusSchema),
    ask("traffic", trafficSchema),
    ask("limited", limitedSchema),
    ask("overrides", overridesSchema),
  ]);
  return { status, traffic, limited, overrides };
}
