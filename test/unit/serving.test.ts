import { afterEach, describe, expect, it } from "vitest";
import { Serving } from "../../src/serving.js";
import type { Store } from "../../src/stores/store.js";
import { until } from "../support/until.js";

let serving: Serving;

afterEach(() => serving.end());

function storeThatIs(reached: () => boolean): Store {
  return {
    kind: "redis",
    decide: () => Promise.reject(new Error("not asked")),
    isReady: reached,
    close: () => Promise.resolve(),
  };
}

describe("being ready", () => {
  it("waits for the store, once", async () => {
    let isReached = false;
    const told: boolean[] = [];
    serving = new Serving(
      storeThatIs(() => isReached),
      true,
    );
    serving.begin((isServing) => told.push(isServing));
    expect(serving.readiness()).toEqual({ ready: false, reasons: ["the redis store has not been reached yet"] });
    expect(told).toEqual([]);
    isReached = true;
    await until("ready", () => serving.readiness().ready || undefined);
    expect(told).toEqual([true]);
    isReached = false;
    expect(serving.readiness()).toEqual({ ready: true, reasons: [] });
  });

  it("does not wait for the store when it is not to", () => {
    const told: boolean[] = [];
    serving = new Serving(
      storeThatIs(() => false),
      false,
    );
    serving.begin((isServing) => told.push(isServing));
    expect(serving.readiness()).toEqual({ ready: true, reasons: [] });
    expect(told).toEqual([true]);
    serving.end();
    expect(serving.readiness()).toEqual({ ready: false, reasons: ["stopping"] });
    expect(told).toEqual([true, false]);
  });
});
