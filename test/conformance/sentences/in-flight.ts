import { expect, it } from "vitest";
import type { Algorithm } from "../../../src/limits/limit.js";
import type { Charge, Verdict } from "../../../src/stores/store.js";
import { MINUTE, perWindow, type StoreHarness, take, tokensOf } from "../store-harness.js";

/** Requests that meet each other. */
export function describeInFlight(harness: () => StoreHarness, algorithm: Algorithm): void {
  const perMinute = (burst: number) => perWindow(algorithm, burst, MINUTE);

  function decideAll(requests: readonly (readonly Charge[])[]): Promise<Verdict[]> {
    return Promise.all(requests.map((charges) => harness().decide(charges)));
  }

  it("admits exactly 50 of 200 requests in flight on one key with burst 50", async () => {
    const key = harness().freshKey();
    const limit = perMinute(50);
    const verdicts = await decideAll(Array.from({ length: 200 }, () => [take(key, limit)]));
    const admitted = verdicts.filter((verdict) => verdict.admitted);
    expect(admitted).toHaveLength(50);
    const left = admitted.map(({ outcomes }) => outcomes[0]?.tokens).sort((a, b) => Number(a) - Number(b));
    expect(left).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("charges neither of two keys for requests in flight that only one of them refuses (D4)", async () => {
    const [wide, narrow] = [harness().freshKey(), harness().freshKey()];
    const [fifty, thirty] = [perMinute(50), perMinute(30)];
    const verdicts = await decideAll(
      Array.from({ length: 200 }, (_, i) => {
        const charges = [take(wide, fifty), take(narrow, thirty)];
        return i % 2 === 0 ? charges : charges.reverse();
      }),
    );
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(30);
    expect(await tokensOf(harness(), wide, fifty)).toBe(20);
    expect(await tokensOf(harness(), narrow, thirty)).toBe(0);
  });

  it("answers each of many requests in flight for its own key", async () => {
    const keys = Array.from({ length: 200 }, () => harness().freshKey());
    const verdicts = await decideAll(keys.map((key, i) => [take(key, perMinute(1_000), i)]));
    expect(verdicts.map(({ outcomes }) => outcomes[0]?.tokens)).toEqual(keys.map((_, i) => 1_000 - i));
  });
}
