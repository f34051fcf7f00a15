import type { Decision } from "../../src/engine/decision.js";
import { Engine, type EngineParts, type EngineSettings } from "../../src/engine/engine.js";
import type { DescriptorOutcome, EngineEvents, OverLimit, RequestOutcome } from "../../src/engine/events.js";
import type { Descriptor, EngineCaller, RateLimitRequest } from "../../src/engine/request.js";
import { compileRules } from "../../src/rules/load-rules.js";
import { MemoryStore } from "../../src/stores/memory/memory-store.js";
import type { Store } from "../../src/stores/store.js";

/** Records what the engine tells its observer. */
export class RecordedEvents implements EngineEvents {
  readonly descriptors: { domain: string; rule: string; outcome: DescriptorOutcome }[] = [];
  readonly hits: { admitted: number; refused: number }[] = [];
  readonly bucketsAsked: string[] = [];
  readonly sharesLeft: number[] = [];
  readonly overLimit: OverLimit[] = [];
  readonly requests: RequestOutcome[] = [];
  readonly store: string[] = [];
  readonly storeFailures: string[] = [];
  readonly overridesIgnored: string[] = [];
  /** Of requests and of the store, in the order in which they were told. */
  readonly seconds: number[] = [];

  descriptorDecided(domain: string, rule: string, outcome: DescriptorOutcome, admitted: number, refused: number): void {
    this.descriptors.push({ domain, rule, outcome });
    this.hits.push({ admitted, refused });
  }
  bucketAsked(key: string): void {
    this.bucketsAsked.push(key);
  }
  bucketDecided(shareLeft: number): void {
    this.sharesLeft.push(shareLeft);
  }
  descriptorOverLimit(over: OverLimit): void {
    this.overLimit.push(over);
  }
  requestDecided(outcome: RequestOutcome, seconds: number): void {
    this.requests.push(outcome);
    this.seconds.push(seconds);
  }
  storeAnswered(_store: string, status: string, seconds: number): void {
    this.store.push(status);
    this.seconds.push(seconds);
  }
  storeFailed(_store: string, message: string): void {
    this.storeFailures.push(message);
  }
  overrideIgnored(domain: string): void {
    this.overridesIgnored.push(domain);
  }
}

/** The settings of an engine unless a test says otherwise. */
export const DEFAULT_SETTINGS: EngineSettings = {
  storeTimeoutMillis: 10,
  onStoreFailure: "error",
  localShare: 1,
  defaultAlgorithm: "token_bucket",
  globalShadow: false,
  globalQuota: false,
  responseDynamicMetadata: false,
};

/** An engine over rules given as text and a memory store whose clock the test moves. */
export function engineUnderTest(
  yaml: string,
  settings: Partial<EngineSettings> = {},
  store?: Store,
  more: Pick<EngineParts, "localStore" | "identifyBucket" | "labels" | "controls" | "onRefused"> = {},
) {
  const clock = { nowMicros: 1_700_000_000_000_000 };
  const events = new RecordedEvents();
  let rules = rulesOf(yaml);
  const engine = new Engine({
    rules: () => rules,
    store: store ?? new MemoryStore({ nowMicros: () => clock.nowMicros }),
    settings: { ...DEFAULT_SETTINGS, ...settings },
    events,
    ...more,
  });
  return {
    engine,
    events,
    clock,
    reload(text: string): void {
      rules = rulesOf(text);
    },
    /** Decides over a request of the domain "test". */
    decide(descriptors: readonly Descriptor[], request: Partial<RateLimitRequest> = {}): Decision {
      return engine.decide({ domain: "test", hitsAddend: 0, descriptors, ...request }) as Decision;
    },
  };
}

/** Rules given as text. */
export function rulesOf(yaml: string) {
  const { rules, faults } = compileRules([{ path: "test.yaml", text: yaml }]);
  if (rules === undefined) throw new Error(faults.map((fault) => fault.message).join("\n"));
  return rules;
}

/** A caller who waits so long. */
export function callerWaiting(remainingMillis: number): EngineCaller {
  return { remainingMillis, isCancelled: false };
}

/** A descriptor of `key=value` entries. */
export function descriptor(entries: Record<string, string>, more: Partial<Descriptor> = {}): Descriptor {
  return {
    entries: Object.entries(entries).map(([key, value]) => ({ key, value })),
    isNegativeHits: false,
    ...more,
  };
}
