import { MAX_HITS } from "../limits/limit.js";
import { isAdmitted } from "../stores/admission.js";
import type { Caller, Charge, Store, StoreFailureKind, Verdict } from "../stores/store.js";
import type { EngineEvents } from "./events.js";
import type { LocalStore } from "./local-decisions.js";
import type { EngineCaller } from "./request.js";

/** What an engine asks of a store. */
export type DecidingStore = Pick<Store, "kind" | "decide">;

/**
 * A store that tells how it would decide, and charges nothing: each charge gets a second one beside it on its bucket, of more
 * hits than any bucket holds, so that every part of the request is refused (D4) whatever store there is. A peek would not do:
 * it knows of 0 hits only, and announces a cost (D5).
 */
export function lookingAt(store: DecidingStore): DecidingStore {
  return {
    kind: store.kind,
    decide(charges: readonly Charge[], budgetMillis: number, caller?: Caller): Verdict | Promise<Verdict> {
      const verdict = store.decide(withRefusals(charges), budgetMillis, caller);
      if (verdict instanceof Promise) return verdict.then((refused) => asIfAsked(charges, refused));
      return asIfAsked(charges, verdict);
    },
  };
}

/** The same for buckets of this process. */
export function lookingLocally(store: LocalStore): LocalStore {
  return { decide: (charges) => asIfAsked(charges, store.decide(withRefusals(charges))) };
}

function withRefusals(charges: readonly Charge[]): Charge[] {
  const refusals = charges.map(({ key, limit }): Charge => {
    return { key, limit, role: "enforced", action: "take", hits: MAX_HITS };
  });
  return [...charges, ...refusals];
}

/** A refusal says which charges fitted, and what is in their buckets without them. */
function asIfAsked(charges: readonly Charge[], { outcomes }: Verdict): Verdict {
  const own = outcomes.slice(0, charges.length);
  return { admitted: isAdmitted(charges, own), outcomes: own };
}

/** What looks tell an observer: how the store does. They decide nothing that could be counted. */
export class LookEvents implements EngineEvents {
  readonly #events: EngineEvents;

  constructor(events: EngineEvents) {
    this.#events = events;
  }

  storeAnswered(
    store: string,
    status: "ok" | StoreFailureKind,
    seconds: number,
    caller: EngineCaller | undefined,
  ): void {
    this.#events.storeAnswered(store, status, seconds, caller);
  }

  storeFailed(store: string, message: string): void {
    this.#events.storeFailed(store, message);
  }

  descriptorDecided(): void {}

  bucketAsked(): void {}

  bucketDecided(): void {}

  descriptorOverLimit(): void {}

  requestDecided(): void {}

  overrideIgnored(): void {}
}
