import { Engine, type EngineSettings } from "../engine/engine.js";
import type { EngineEvents } from "../engine/events.js";
import type { Algorithm } from "../limits/limit.js";
import type { RuleSet } from "../rules/rule.js";
import { MemoryStore, type MemoryStoreOptions } from "../stores/memory/memory-store.js";
import type { Charge, Verdict } from "../stores/store.js";

/** The settings of `weir serve` that change what a request is answered. */
export interface VirtualSettings {
  /** Of limits that come with a request; rules have theirs already. */
  readonly defaultAlgorithm?: Algorithm;
  readonly globalShadow?: boolean;
  readonly globalQuota?: boolean;
  /** How long a pending charge is kept (D5). */
  readonly pendingLapseMillis?: number;
}

export interface VirtualEngineParts {
  readonly rules: RuleSet;
  /** Whole microseconds since the epoch. */
  readonly nowMicros: () => number;
  readonly settings?: VirtualSettings;
  /** Told what the engine asks of the store, request by request. */
  readonly onCharges?: (charges: readonly Charge[]) => void;
}

/**
 * The engine and the memory store of `weir serve`, empty, with a clock of the caller's. Its store cannot fail, and
 * nobody observes it.
 */
export function openVirtualEngine({ rules, nowMicros, settings = {}, onCharges }: VirtualEngineParts): Engine {
  const { defaultAlgorithm = "token_bucket", globalShadow = false, globalQuota = false, pendingLapseMillis } = settings;
  const lapse = pendingLapseMillis === undefined ? {} : { pendingLapseMicros: Math.round(pendingLapseMillis * 1000) };
  const store = new WatchedStore({ nowMicros, ...lapse }, onCharges ?? ignore);
  return new Engine({
    rules: () => rules,
    store,
    settings: { ...FIXED_SETTINGS, defaultAlgorithm, globalShadow, globalQuota },
    events: NO_EVENTS,
  });
}

/** The memory store, which tells what it is asked. */
class WatchedStore extends MemoryStore {
  readonly #onCharges: (charges: readonly Charge[]) => void;

  constructor(options: MemoryStoreOptions, onCharges: (charges: readonly Charge[]) => void) {
    super(options);
    this.#onCharges = onCharges;
  }

  override decide(charges: readonly Charge[]): Verdict {
    this.#onCharges(charges);
    return super.decide(charges);
  }
}

const FIXED_SETTINGS: Omit<EngineSettings, "defaultAlgorithm" | "globalShadow" | "globalQuota"> = {
  storeTimeoutMillis: Number.MAX_SAFE_INTEGER,
  onStoreFailure: "error",
  localShare: 1,
  responseDynamicMetadata: false,
};

function ignore(): void {
  // Nobody wants to know.
}

const NO_EVENTS: EngineEvents = {
  descriptorDecided: ignore,
  bucketAsked: ignore,
  bucketDecided: ignore,
  descriptorOverLimit: ignore,
  requestDecided: ignore,
  storeAnswered: ignore,
  storeFailed: ignore,
  overrideIgnored: ignore,
};
