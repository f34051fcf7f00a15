import { afterEach, describe, expect, it } from "vitest";
import { Serving } from "../../../src/app/serving.js";
import type { Store } from "../../../src/stores/store.js";
import { until } from "../../support/until.js";

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
    serving.begin({ onChange: (isServing) => told.push(isServing) });
    expect(serving.readiness()).toEqual({ ready: false, reasons: ["the redis store has not been reached yet"] });
    expect(told).toEqual([]);
    isReached = true;
    await until("ready", () => serving.readiness().ready || undefined);
    expect(told).toEqual([true]);
    isReached = false;
    expect(serving.readiness()).toEqual({ ready: true, reasons: [] });
  });

  it("waits for the first rules too, where they come later", async () => {
    let hasRules = false;
    const told: boolean[] = [];
    serving = new Serving(
      storeThatIs(() => true),
      true,
      () => hasRules,
    );
    serving.begin({ onChange: (isServing) => told.push(isServing) });
    expect(serving.readiness()).toEqual({
      ready: false,
      reasons: ["no rules have come from the control plane yet"],
    });
    expect(told).toEqual([]);
    hasRules = true;
    await until("health says so", () => (told.length > 0 ? true : undefined));
    expect([told, serving.readiness().ready]).toEqual([[true], true]);
  });

  it("does not wait for the store when it is not to", () => {
    const told: boolean[] = [];
    serving = new Serving(
      storeThatIs(() => false),
      false,
    );
    serving.begin({ onChange: (isServing) => told.push(isServing) });
    expect(serving.readiness()).toEqual({ ready: true, reasons: [] });
    expect(told).toEqual([true]);
    serving.end();
    expect(serving.readiness()).toEqual({ ready: false, reasons: ["stopping"] });
    expect(told).toEqual([true, false]);
  });

  it("waits for the warm-up, once the store has been reached", async () => {
    let isReached = false;
    const [told, begun]: [boolean[], boolean[]] = [[], []];
    let end = (): void => {};
    serving = new Serving(
      storeThatIs(() => isReached),
      true,
    );
    serving.begin({
      onChange: (isServing) => told.push(isServing),
      warmUp: () => {
        begun.push(isReached);
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    });
    expect(serving.readiness().reasons).toEqual(["the redis store has not been reached yet"]);
    isReached = true;
    await until("warming up", () => begun.length > 0 || undefined);
    expect(serving.readiness()).toEqual({ ready: false, reasons: ["warming up"] });
    expect({ told, begun }).toEqual({ told: [], begun: [true] });
    end();
    await until("ready", () => serving.readiness().ready || undefined);
    expect({ told, begun }).toEqual({ told: [true], begun: [true] });
  });

  it("stays away from traffic when it is stopped while it warms up", async () => {
    const told: boolean[] = [];
    let end = (): void => {};
    const warm = new Promise<void>((resolve) => {
      end = resolve;
    });
    serving = new Serving(
      storeThatIs(() => true),
      true,
    );
    serving.begin({ onChange: (isServing) => told.push(isServing), warmUp: () => warm });
    serving.end();
    end();
    await warm;
    await new Promise(setImmediate);
    expect(told).toEqual([false]);
    expect(serving.readiness()).toEqual({ ready: false, reasons: ["stopping"] });
  });
});
