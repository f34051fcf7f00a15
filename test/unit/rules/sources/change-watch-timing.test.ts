import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ChangeWatch } from "../../../../src/rules/sources/change-watch.js";
import type { Fingerprint } from "../../../../src/rules/sources/fingerprint.js";
import type { FolderWatchListener } from "../../../../src/rules/sources/folder-watch.js";

/** The file system as a test wants it: what a look sees and how long it takes, and events at will. */
const files = vi.hoisted(() => ({
  text: "",
  looks: 0,
  lookMillis: 0,
  tell: (_folder: string, _name: string | null): void => {},
}));

vi.mock("../../../../src/rules/sources/fingerprint.js", () => ({
  takeFingerprint: async (): Promise<Fingerprint> => {
    files.looks++;
    const seen = { text: files.text, folders: new Map() };
    if (files.lookMillis > 0) await new Promise((resolve) => setTimeout(resolve, files.lookMillis));
    return seen;
  },
}));
vi.mock("../../../../src/rules/sources/folder-watch.js", () => ({
  FolderWatch: class {
    constructor({ onEvent }: FolderWatchListener) {
      files.tell = onEvent;
    }
    watchOnly(): void {}
    close(): void {}
  },
}));

let watch: ChangeWatch;
let told: string[];

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(files, { text: "first", looks: 0, lookMillis: 0 });
  told = [];
});

afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

/** Starts, and lets the looks pass that follow a start. */
async function start(pollMillis = 0): Promise<void> {
  const onChange = (): number => told.push(files.text);
  watch = new ChangeWatch({ path: "/etc/weir/rules", pollMillis, onChange, onFault: expect.fail });
  const started = watch.start();
  await pass(files.lookMillis);
  await started;
  await pass(100 + files.lookMillis);
  files.looks = 0;
}

const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis);

describe("a change", () => {
  it("is told when it has been left alone for 100 ms", async () => {
    await start();
    files.text = "second";
    files.tell("/etc/weir/rules", "a.yaml");
    await pass(99);
    expect(told).toEqual([]);
    await pass(1);
    expect(told).toEqual(["second"]);
    await pass(10_000);
    expect(told).toEqual(["second"]);
  });

  it("that is followed by another one waits for that", async () => {
    await start();
    for (const text of ["second", "third", "fourth"]) {
      files.text = text;
      files.tell("/etc/weir/rules", "a.yaml");
      await pass(90);
    }
    expect(told).toEqual([]);
    await pass(200);
    expect(told).toEqual(["fourth"]);
  });

  it("that never ends is told once a second", async () => {
    await start();
    for (let time = 0; time < 300; time++) {
      files.text = `text ${time}`;
      files.tell("/etc/weir/rules", "a.yaml");
      await pass(10);
    }
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThanOrEqual(3);
  });

  it("that is taken back is none", async () => {
    await start();
    files.text = "second";
    files.tell("/etc/weir/rules", "a.yaml");
    await pass(50);
    files.text = "first";
    await pass(1_000);
    expect(told).toEqual([]);
  });

  it("during a look that did not see it is found by the next look, without a poll", async () => {
    files.lookMillis = 30;
    await start();
    files.text = "second";
    files.tell("/etc/weir/rules", "a.yaml");
    // The look that settles it begins.
    await pass(30 * 20 + 30 + 100 + 1);
    files.text = "third";
    files.tell("/etc/weir/rules", "a.yaml");
    await pass(30);
    expect(told).toHaveLength(1);
    await pass(5_000);
    expect(told).toEqual(["third", "third"]);
  });

  it("just after the start, before events are told, is found without them", async () => {
    watch = new ChangeWatch({ path: "/r", pollMillis: 0, onChange: () => told.push(files.text), onFault: expect.fail });
    await watch.start();
    files.text = "second";
    await pass(200);
    expect(told).toEqual(["second"]);
  });
});

describe("looking", () => {
  it("goes on at the pace of the poll", async () => {
    await start(1_000);
    await pass(10_000);
    expect(files.looks).toBeGreaterThanOrEqual(9);
    expect(files.looks).toBeLessThanOrEqual(10);
  });

  it("is left to events without a poll", async () => {
    await start(0);
    await pass(100_000);
    expect(files.looks).toBe(0);
  });

  it.each([
    ["however short the poll", 1, 0],
    ["however many events", 0, 1],
  ])("takes a twentieth of the time at most, %s", async (_what, pollMillis, events) => {
    files.lookMillis = 50;
    await start(pollMillis);
    for (let time = 0; time < 1_000; time++) {
      for (let event = 0; event < events; event++) files.tell("/etc/weir/rules", "a.yaml");
      await pass(10);
    }
    expect(files.looks).toBeGreaterThanOrEqual(8);
    expect(files.looks).toBeLessThanOrEqual(10);
  });

  it.each([
    ["/etc/weir/rules", "a.yaml", true],
    ["/etc/weir/rules", null, true],
    ["/etc/weir/rules", "..data", true],
    ["/etc/weir/rules/deep", "folder", true],
    ["/etc/weir", "rules", true],
    ["/etc/weir", "..data", true],
    ["/etc/weir", "other", false],
    ["/etc/weir/rules", ".a.yaml.swp", false],
    ["/etc/weir/rules", "..2026_1", false],
    ["/etc/weir/rules", "a.yaml~", false],
  ])("follows an event in %s of %s: %s", async (folder, name, follows) => {
    await start();
    files.tell(folder, name);
    await pass(100);
    expect(files.looks).toBe(follows ? 1 : 0);
  });

  it("ends when it is closed, also while it looks", async () => {
    files.lookMillis = 50;
    await start(1_000);
    await pass(1_010);
    expect(files.looks).toBe(1);
    files.text = "second";
    watch.close();
    await pass(100_000);
    expect(files.looks).toBe(1);
    expect(told).toEqual([]);
  });
});
