import { z } from "zod";
import { ALGORITHMS } from "../../rules/algorithm.js";
import { UNITS } from "./units.js";

const time = z.iso.datetime().meta({ description: "A time in UTC." });
const count = z.int().min(0);
const algorithm = z.enum(ALGORITHMS);

/** An entry whose value is there, or a digest of it where WEIR_HASH_KEYS keeps values out of sight. */
const entry = z.strictObject({ key: z.string(), value: z.string().optional(), digest: z.string().optional() });
const descriptor = z.array(entry);

export const errorSchema = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      field: z.string().optional().meta({ description: "What of the request it is about, such as limit.unit." }),
    }),
  })
  .meta({ title: "Error" });

const reach = z.enum(["replicas", "process"]).meta({
  description: "Whom it reaches: all replicas with this Redis, or with the memory store this process only.",
});

const decreeShape = { who: z.string(), why: z.string(), since: time, until: time };

const enforcement = z.strictObject({
  paused: z.boolean(),
  reach,
  who: z.string().optional(),
  why: z.string().optional(),
  since: time.optional(),
  until: time.optional(),
});

const reloadResult = z.enum(["reloaded", "partial", "unchanged", "refused"]).meta({
  description: "partial: some that a control plane sent were refused, and the last good ones of them stay.",
});

export const statusSchema = z
  .strictObject({
    version: z.string(),
    startedAt: time,
    store: z.strictObject({ kind: z.enum(["memory", "redis"]), ready: z.boolean(), breakerOpen: z.boolean() }),
    rules: z.strictObject({
      source: z.string().meta({ description: "A file, a folder, or a control plane as xds://host:port." }),
      version: z.string().optional().meta({
        description: "Of rules from a control plane: the last update that was taken whole.",
      }),
      domains: count,
      rules: count,
      loadedAt: time,
      lastReload: z
        .strictObject({ result: reloadResult, at: time, faults: z.array(z.string()) })
        .optional()
        .meta({ description: "Absent until rules were read again." }),
    }),
    enforcement,
    overrides: count,
  })
  .meta({ title: "Status" });

const limitShape = {
  name: z.string().optional(),
  algorithm,
  requestsPerUnit: count,
  unit: z.enum(UNITS),
  unitMultiplier: z.int().min(1).optional().meta({ description: "Absent: 1." }),
  burst: count,
};

const ruleLimit = z.union([
  z.strictObject({ name: z.string().optional(), unlimited: z.literal(true) }),
  z.strictObject(limitShape),
]);

const rate = z.number().min(0);

const rule = z
  .strictObject({
    domain: z.string(),
    rule: z.string().meta({ description: "Its label, as in metrics." }),
    path: z.array(
      z.strictObject({
        key: z.string(),
        value: z.string().optional(),
        cidr: z.string().optional(),
        regex: z.string().optional(),
        shareThreshold: z.boolean().optional(),
      }),
    ),
    flags: z.array(z.enum(["shadow_mode", "quota_mode", "detailed_metric"])),
    source: z.strictObject({ file: z.string(), line: count, column: count }).meta({
      description: "Where it stands. Resources of a control plane are told as the rules files that listSources has.",
    }),
    limits: z.array(ruleLimit),
    rates: z
      .strictObject({ okPerSecond: rate, overLimitPerSecond: rate })
      .meta({ description: "On this replica, over the last 5 to 10 seconds." }),
  })
  .meta({ title: "Rule" });

export const rulesSchema = z
  .strictObject({
    rules: z.array(rule),
    total: count.meta({ description: "Of the domain, or of all." }),
    offset: count,
  })
  .meta({ title: "Rules" });

export const sourcesSchema = z
  .strictObject({
    loadedAt: time.meta({ description: "Of the rules; pages with another one are of other rules." }),
    defaultAlgorithm: algorithm.meta({ description: "How limits count where the text does not say." }),
    parts: z.array(
      z.strictObject({
        file: z.string(),
        text: z.string().meta({ description: "As YAML. A file may go on in the next part, under the same name." }),
      }),
    ),
    next: count.nullable().meta({ description: "The offset of the next page; null: there is none." }),
  })
  .meta({ title: "Sources" });

export const limitedSchema = z
  .strictObject({
    window: z.number().meta({ description: "Seconds that are looked at, up to now." }),
    limited: z.array(
      z.strictObject({
        domain: z.string(),
        descriptor,
        rule: z.string(),
        refusedPerSecond: rate,
        refused: count.meta({ description: "Refusals in the window: at most so many." }),
        refusedAtLeast: count.meta({ description: "And at least so many, where very many clients are refused." }),
      }),
    ),
  })
  .meta({ title: "Limited" });

export const bucketSchema = z
  .strictObject({
    kind: z
      .enum(["limited", "unlimited", "no_rule"])
      .meta({ description: "no_rule: nothing limits such a descriptor." }),
    rule: z.string().meta({ description: "The rule's label; (admin override) where one takes its place." }),
    override: z.string().optional().meta({ description: "The id of that override." }),
    limits: z.array(
      z.strictObject({
        ...limitShape,
        tokens: z.int().meta({ description: "Left; below 0 in debt." }),
        fullInSeconds: z.number().min(0).nullable().meta({ description: "null: never." }),
        pending: count.meta({ description: "Costs that were announced and not reported yet." }),
      }),
    ),
  })
  .meta({ title: "Bucket" });

export const resetSchema = z
  .strictObject({ reset: count.meta({ description: "Buckets that were not full." }) })
  .meta({ title: "Reset" });

const overrideLimit = z.union([
  z.strictObject({ unlimited: z.literal(true) }),
  z.strictObject({
    requestsPerUnit: count,
    unit: z.enum(UNITS),
    unitMultiplier: z.int().min(1),
    burst: count.optional(),
  }),
]);

export const overrideSchema = z
  .strictObject({ id: z.string(), domain: z.string(), descriptor, limit: overrideLimit, ...decreeShape })
  .meta({ title: "Override" });

/** An override that was added or ended, and whom that reaches. */
export const overrideAnswerSchema = overrideSchema.extend({ reach }).meta({ title: "ChangedOverride" });

export const overridesSchema = z
  .strictObject({ overrides: z.array(overrideSchema), reach })
  .meta({ title: "Overrides" });

export const enforcementSchema = enforcement.meta({ title: "Enforcement" });

export const reloadSchema = z
  .strictObject({
    result: reloadResult,
    seconds: z.number().min(0),
    faults: z.array(z.string()).meta({ description: "Why they were refused, or what is doubtful in them." }),
    moreFaults: count,
  })
  .meta({ title: "Reload" });
