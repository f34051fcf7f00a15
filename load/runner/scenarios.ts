/** What the rules allow for the requests that a script counts under one name. */
export type Allowance =
  /** One bucket. Enough is asked of it that some must be refused. */
  | { readonly kind: "limited"; readonly burst: number; readonly perSecond: number }
  /** Any number of buckets that are never empty. Answers tell their limit. */
  | { readonly kind: "ample" }
  /** No limit, so that answers tell none. */
  | { readonly kind: "unlimited" };

export interface Scenario {
  /** In words, for the report. */
  readonly shows: string;
  /** The k6 script, in load/. */
  readonly script: string;
  /** Requests a second; for a ramp the last of them. */
  readonly rate: number;
  readonly seconds: number;
  /** How far from its rate it may be, as a share of the requests due. Default: a hundredth. */
  readonly rateTolerance?: number;
  /** By the names that the script has for them. */
  readonly buckets: Readonly<Record<string, Allowance & { readonly rule: string }>>;
  /** It goes beyond what can be answered in time: late calls are let through by Envoy, and that is what it shows. */
  readonly isOverload?: boolean;
  /** It is there to show that memory does not keep growing. */
  readonly isSoak?: boolean;
}

/** Scripts with a constant rate (`paceOf` in load/ask.js) get there in this time, from a tenth of it. */
const RAMP_UP_SECONDS = 2;

/** Requests that a scenario with a constant rate makes when the rate is kept. */
export function requestsDue({ rate, seconds }: Scenario): number {
  return Math.round(rate * seconds + RAMP_UP_SECONDS * ((rate / 10 + rate) / 2));
}

const ample = (rule: string) => ({ kind: "ample", rule }) as const;
const unlimited = (rule: string) => ({ kind: "unlimited", rule }) as const;
const limited = (rule: string, burst: number, perSecond: number) =>
  ({ kind: "limited", rule, burst, perSecond }) as const;

/** Of load/keys.js. */
const KEY_BUCKETS = {
  slow: limited("api_key=load-slow", 10, 2),
  brisk: limited("api_key=load-brisk", 20, 5),
  wide: ample("api_key=load-wide"),
};

/** Of load/mixed.js. */
const MIXED_BUCKETS = {
  "heavy-a": limited("api_key=load-heavy-*", 30, 5),
  "heavy-b": limited("api_key=load-heavy-*", 30, 5),
  light: ample("api_key=light-*"),
  keyless: unlimited(""),
  checkout: limited("path=/checkout", 10, 2),
  health: unlimited("path=/health"),
};

/** The load tests, by name. What is allowed is what load/rules should allow, said apart from it. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  steady: {
    shows: "one rate for some time: requests, failures, times of answers",
    script: "steady.js",
    rate: 3_000,
    seconds: 37,
    buckets: KEY_BUCKETS,
  },
  mixed: {
    shows: "many clients, heavy and light, with keys and without, on several routes",
    script: "mixed.js",
    rate: 1_500,
    seconds: 30,
    buckets: MIXED_BUCKETS,
  },
  ramp: {
    shows: "a rate that rises in ten steps, until answers are late",
    script: "ramp.js",
    rate: 6_000,
    seconds: 50,
    buckets: KEY_BUCKETS,
    isOverload: true,
  },
  soak: {
    shows: "the mixed load for a long time: Weir's memory and event loop",
    script: "mixed.js",
    rate: 500,
    seconds: 1_800,
    buckets: MIXED_BUCKETS,
    isSoak: true,
  },
};
