import { z } from "zod";
import { inTurns } from "../../in-turns.js";
import { type ApiRoute, apiRoute } from "../api/api-route.js";
import type { DecisionSample, RuleRate, RuleRates } from "../live/rule-rates.js";

/** Rules that are told, at most. */
const MOST_RULES = 500;

const rate = z.number().min(0);

const trafficSchema = z
  .strictObject({
    at: z.iso.datetime().meta({ description: "Now. Two answers give rates." }),
    decisions: z.record(z.string(), z.int().min(0)).meta({
      description:
        "Descriptors by outcome, as weir_decisions_total counts them. Counts of rules that are gone go with them.",
    }),
    rules: z
      .array(
        z.strictObject({
          domain: z.string(),
          rule: z.string().meta({ description: "Its label, as in metrics." }),
          okPerSecond: rate,
          overLimitPerSecond: rate,
        }),
      )
      .meta({ description: `Those met in the last 5 to 10 seconds, most met first, ${MOST_RULES} at most.` }),
    moreRules: z.int().min(0).meta({ description: "How many were met besides them." }),
  })
  .meta({ title: "Traffic" });

export interface TrafficParts {
  readonly rates: RuleRates;
  /** Each count. */
  readonly samples: () => Iterable<DecisionSample>;
}

interface Met extends RuleRate {
  readonly domain: string;
  readonly rule: string;
}

/** What is decided now, in all and by rule: what the console and `weir top` show of it. */
export function trafficRoute({ rates, samples }: TrafficParts): ApiRoute {
  return apiRoute({
    method: "GET",
    path: "/api/v1/traffic",
    operationId: "getTraffic",
    summary: "What this replica has decided, by outcome, and the rules that are met now.",
    answers: { status: 200, schema: trafficSchema },
    errors: [],
    handle: async () => {
      const { decisions, labels } = await sumUp(samples());
      const most = new MostMet();
      await inTurns(most.addAll(labels, await rates.now()));
      const rules = most.rules();
      return { at: new Date().toISOString(), decisions, rules, moreRules: most.count - rules.length };
    },
  });
}

interface Sum {
  readonly decisions: Record<string, number>;
  readonly labels: { readonly domain: string; readonly rule: string }[];
}

async function sumUp(samples: Iterable<DecisionSample>): Promise<Sum> {
  const sum: Sum = { decisions: {}, labels: [] };
  await inTurns(addAll(sum, samples));
  return sum;
}

/** Samples of one rule come one after the other. */
function* addAll({ decisions, labels }: Sum, samples: Iterable<DecisionSample>): Generator<void> {
  for (const { labels: told, value } of samples) {
    const [domain, rule, outcome] = [told.domain, told.rule, told.outcome].map((label) => String(label ?? ""));
    if (domain === undefined || rule === undefined || outcome === undefined) continue;
    decisions[outcome] = (decisions[outcome] ?? 0) + value;
    const last = labels.at(-1);
    if (last?.domain !== domain || last.rule !== rule) labels.push({ domain, rule });
    yield;
  }
}

/** The rules that are met most, out of however many. */
class MostMet {
  #kept: Met[] = [];
  /** How many are met at all. */
  count = 0;

  *addAll(labels: Sum["labels"], rateOf: (domain: string, rule: string) => RuleRate): Generator<void> {
    for (const { domain, rule } of labels) {
      const met = { domain, rule, ...rateOf(domain, rule) };
      if (totalOf(met) > 0) this.#add(met);
      yield;
    }
  }

  /** Most met first. */
  rules(): readonly Met[] {
    return this.#kept.sort((a, b) => totalOf(b) - totalOf(a)).slice(0, MOST_RULES);
  }

  #add(met: Met): void {
    this.count += 1;
    // Sorting a few now and then holds nobody up, and all at once would.
    if (this.#kept.push(met) >= 2 * MOST_RULES) this.#kept = [...this.rules()];
  }
}

function totalOf({ okPerSecond, overLimitPerSecond }: Met): number {
  return okPerSecond + overLimitPerSecond;
}
