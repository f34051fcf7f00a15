import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { AdminOverride } from "../../../src/admin/controls/control-document.js";
import { withOverride } from "../../../src/admin/controls/edit-document.js";
import { ControlsConflict, LiveControls } from "../../../src/admin/controls/live-controls.js";
import { MemorySharedText } from "../../../src/stores/memory/memory-shared-text.js";
import type { SharedText } from "../../../src/stores/shared-text.js";
import { StoreFailure } from "../../../src/stores/store.js";
import { until } from "../../support/until.js";

const opened: LiveControls[] = [];
const warnings: string[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((controls) => controls.close()));
  warnings.length = 0;
});

function open(text: SharedText): LiveControls {
  const controls = new LiveControls({ text, onWarning: (message) => warnings.push(message) });
  opened.push(controls);
  controls.start();
  return controls;
}

function override(id: string, untilMillis: number): AdminOverride {
  return {
    ...{ id, domain: "shop", descriptor: [{ key: "client", value: id }], limit: { unlimited: true } },
    ...{ who: "ada", why: "a test", sinceMillis: 0, untilMillis },
  };
}

const add = (controls: LiveControls, id: string, millis = 60_000): Promise<void> =>
  controls.change((document, nowMillis) => withOverride(document, override(id, nowMillis + millis)));
const ids = ({ document }: LiveControls): string[] => document.overrides.map(({ id }) => id).sort();

describe("what operators decide", () => {
  it("costs nothing while it is nothing", () => {
    const controls = open(new MemorySharedText());
    expect([controls.isPaused, controls.overrides, controls.reach]).toEqual([false, undefined, "process"]);
  });

  it("is in force at once where it was decided, and soon where it was not", async () => {
    const text: SharedText = new MemorySharedText();
    const [one, other] = [open(text), open(text)];
    await add(one, "a");
    expect(one.overrides?.find("shop", [{ key: "client", value: "a" }])).toBeDefined();
    const since = performance.now();
    await until("the other knows", () => other.overrides?.find("shop", [{ key: "client", value: "a" }]));
    expect(performance.now() - since).toBeLessThan(1_000);
  });

  it("is not lost when several decide at once", async () => {
    const text: SharedText = new MemorySharedText();
    const all = [open(text), open(text), open(text)];
    const wanted = Array.from({ length: 15 }, (_, index) => `id-${index}`);
    await Promise.all(wanted.map((id, index) => add(all[index % 3] as LiveControls, id)));
    for (const controls of all) {
      await until("all are known", () => (ids(controls).length === wanted.length ? true : undefined));
      expect(ids(controls)).toEqual([...wanted].sort());
    }
  });

  it("is not lost when many are decided at once by each of several, and the store is some way off", async () => {
    const text: SharedText = new MemorySharedText();
    const far = async <T>(ask: () => Promise<T>): Promise<T> => {
      await pause(Math.random() * 3);
      return await ask();
    };
    const away: SharedText = {
      reach: "replicas",
      read: (known) => far(() => text.read(known)),
      replace: (...args) => far(() => text.replace(...args)),
    };
    const all = [open(away), open(away)];
    const wanted = Array.from({ length: 80 }, (_, index) => `id-${index}`).sort();
    await Promise.all(wanted.map((id, index) => add(all[index % 2] as LiveControls, id)));
    for (const controls of all) {
      await until("all are known", () => (ids(controls).length === wanted.length ? true : undefined));
    }
  });

  it("ends while the store is away, and what has not ended stays", async () => {
    const text: SharedText = new MemorySharedText();
    let isAway = false;
    const failing: SharedText = {
      reach: "replicas",
      read: (known) => (isAway ? Promise.reject(new StoreFailure("unavailable", "gone")) : text.read(known)),
      replace: (...args) => (isAway ? Promise.reject(new StoreFailure("unavailable", "gone")) : text.replace(...args)),
    };
    const controls = open(failing);
    await add(controls, "long");
    await add(controls, "short", 700);
    isAway = true;
    expect(ids(controls)).toEqual(["long", "short"]);
    await until("the short one is gone", () => (ids(controls).length === 1 ? true : undefined), 2_000);
    expect(ids(controls)).toEqual(["long"]);
    await expect(add(controls, "late")).rejects.toThrow(StoreFailure);
    expect(ids(controls)).toEqual(["long"]);
    expect(warnings).toEqual([]);
  });

  it("ends when the store's clock says so, whatever ours says", async () => {
    const text: SharedText = new MemorySharedText();
    let aheadMillis = 0;
    const ahead = <State extends { readonly nowMillis: number }>(state: State): State => {
      return { ...state, nowMillis: state.nowMillis + aheadMillis };
    };
    const controls = open({
      reach: "replicas",
      read: async (known) => ahead(await text.read(known)),
      replace: async (...args) => ahead(await text.replace(...args)),
    });
    await add(controls, "a", 3_600_000);
    aheadMillis = 3_600_000;
    await until("it is gone", () => (ids(controls).length === 0 ? true : undefined), 2_000);
    expect(controls.overrides).toBeUndefined();
  });

  it("stays as it was when it cannot be read, which is told once", async () => {
    const text: SharedText = new MemorySharedText();
    const controls = open(text);
    await add(controls, "a");
    const { version } = await text.read("");
    await text.replace(version, '{"format":2,"overrides":[]}', 0);
    await until("it is told", () => warnings[0]);
    await expect(add(controls, "b")).rejects.toThrow(ControlsConflict);
    expect(ids(controls)).toEqual(["a"]);
    expect(warnings).toEqual([expect.stringContaining("another version of Weir")]);
  });

  it("does not keep a new replica from serving when it cannot be read", async () => {
    const text: SharedText = new MemorySharedText();
    await text.replace("0", "nonsense", 0);
    const controls = open(text);
    expect(controls.hasRead).toBe(false);
    await until("it gave up", () => controls.hasRead || undefined);
    expect(warnings).toHaveLength(1);
  });

  it("waits for a store that is away", async () => {
    let isAway = true;
    const text: SharedText = new MemorySharedText();
    const controls = open({
      reach: "replicas",
      read: (known) => (isAway ? Promise.reject(new StoreFailure("unavailable", "gone")) : text.read(known)),
      replace: (...args) => text.replace(...args),
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(controls.hasRead).toBe(false);
    isAway = false;
    await until("it was read", () => controls.hasRead || undefined);
    expect(warnings).toEqual([]);
  });

  it("says no when others change it all the time", async () => {
    const text: SharedText = new MemorySharedText();
    const controls = open({
      reach: "process",
      read: (known) => text.read(known),
      replace: async () => ({ ...(await text.read("")), replaced: false }),
    });
    await expect(add(controls, "a")).rejects.toThrow("try again");
    expect(ids(controls)).toEqual([]);
  });
});
