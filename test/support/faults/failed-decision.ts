import type { Charge, Store, StoreFailure } from "../../../src/stores/store.js";
import { failureOf } from "../connected-store.js";

/**
 * What a decision fails with, at once or later.
 * @throws when it does not fail, or with anything but a StoreFailure
 */
export function failedDecision(store: Store, charges: readonly Charge[], budgetMillis: number): Promise<StoreFailure> {
  return failureOf(Promise.resolve().then(() => store.decide(charges, budgetMillis)));
}
