import { afterEach, describe, expect, it } from "vitest";
import { type Condition, Serving } from "../../../src/app/serving.js";
import { rulesCondition, storeCondition } from "../../../src/app/serving-conditions.js";
import { until } from "../../support/until.js";

let serving: Serving;

afterEach(() => serving.end());

function storeIs(reached: () => boolean, why?: string, areOverridesRead = (): boolean => true): Condition {
  const store = { kind: "redis" as const, isReady: reached, ...(why === undefined ? {} : { whyNotReady: () => why }) };
  const controls = {
    get hasRead() {
      return areOverridesRead();
    },
  };
  return storeCondition(store, controls);
}

function rulesAre(there: () => boolean): Condition {
  return rulesCondition({ isReady: there });
}

describe("being ready", () => {
  it("waits for the store, once", async () => {
    let isReached = false;
    const told: boolean[] = [];
    serving = new Serving([storeIs(() => isReached)]);
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
    serving = new Serving([storeIs(() => true), rulesAre(() => hasRules)]);
    serving.begin({ onChange: (isServing) => told.push(isServing) });
    expect(serving.readiness()).toEqual({
      ready: false,
      reasons: ["no rules have been received from the control plane yet"],
    });
    expect(told).toEqual([]);
    hasRules = true;
    await until("health says so", () => (told.length > 0 ? true : undefined));
    expect([told, serving.readiness().ready]).toEqual([[true], true]);
  });

  it("says that the overrides have not been read, and not that the store has not been reached, once it has", async () => {
    const [state, told] = [{ isReached: false, areOverridesRead: false }, [] as boolean[]];
    serving = new Serving([
      storeIs(
        () => state.isReached,
        "no connection to Redis",
        () => state.areOverridesRead,
      ),
    ]);
    serving.begin({ onChange: (isServing) => told.push(isServing) });
    const notReached = "the redis store has not been reached yet: no connection to Redis";
    expect(serving.readiness().reasons).toEqual([notReached]);
    state.isReached = true;
    const notRead = "the overrides have not been read from the redis store yet";
    expect(serving.readiness()).toEqual({ ready: false, reasons: [notRead] });
    expect(told).toEqual([]);
    state.areOverridesRead = true;
    await until("ready", () => serving.readiness().ready || undefined);
    expect(told).toEqual([true]);
  });

  it("tells every condition that is still pending, in their order", () => {
    serving = new Serving([storeIs(() => false), rulesAre(() => false)]);
    expect(serving.readiness().reasons).toEqual([
      "the redis store has not been reached yet",
      "no rules have been received from the control plane yet",
    ]);
  });

  it("does not wait for the store when it is not to", () => {
    const told: boolean[] = [];
    serving = new Serving([rulesAre(() => true)]);
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
    serving = new Serving([storeIs(() => isReached)]);
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
    serving = new Serving([storeIs(() => true)]);
    serving.begin({ onChange: (isServing) => told.push(isServing), warmUp: () => warm });
    serving.end();
    end();
    await warm;
    await new Promise(setImmediate);
    expect(told).toEqual([false]);
    expect(serving.readiness()).toEqual({ ready: false, reasons: ["stopping"] });
  });
});
