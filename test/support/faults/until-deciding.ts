import type { Store } from "../../../src/stores/store.js";
import { perPeriod, take } from "../../conformance/store-harness.js";
import { until } from "../until.js";

const BUDGET_MILLIS = 5_000;
const PROBE = [take("until-deciding", perPeriod(1, 1_000_000), 0, "shadow")];

/** Waits until a store decides: being connected is not enough while its breaker waits for a probe. */
export async function untilDeciding(store: Store): Promise<void> {
  await until("the store decides", () =>
    Promise.resolve()
      .then(() => store.decide(PROBE, BUDGET_MILLIS))
      .catch(() => undefined),
  );
}
