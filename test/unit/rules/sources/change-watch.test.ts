import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChangeWatch } from "../../../../src/rules/sources/change-watch.js";
import { mountFolder } from "../../../support/mounted-folder.js";
import { until } from "../../../support/until.js";

/** Longer than a test: such a poll never helps. */
const NO_POLL = 3_600_000;

let root: string;
let changes: number;
let watches: ChangeWatch[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "weir-change-watch-"));
  changes = 0;
  watches = [];
  await mkdir(join(root, "rules/deep"), { recursive: true });
  await writeFile(join(root, "rules/a.yaml"), "a");
});

afterEach(async () => {
  for (const watch of watches) watch.close();
  await rm(root, { recursive: true });
});

const at = (path: string): string => join(root, path);

async function watch(pollMillis: number, path = "rules"): Promise<ChangeWatch> {
  const onFault = (folder: string, error: Error): void => expect.fail(`${folder}: ${error.message}`);
  const made = new ChangeWatch({ path: at(path), pollMillis, onChange: () => changes++, onFault });
  watches.push(made);
  await made.start();
  return made;
}

const changed = (times: number) => until(`${times} changes`, () => (changes >= times ? true : undefined));

describe("a watch of rules told by events", () => {
  it.each<[string, () => Promise<unknown>]>([
    ["a file is written", () => writeFile(at("rules/a.yaml"), "aa")],
    [
      "a file is put in place by renaming",
      () => writeFile(at("a"), "b").then(() => rename(at("a"), at("rules/a.yaml"))),
    ],
    ["a file is added", () => writeFile(at("rules/deep/b.yaml"), "b")],
    ["a file is removed", () => rm(at("rules/a.yaml"))],
    ["the folder is renamed", () => rename(at("rules"), at("gone"))],
  ])("tells when %s", async (_what, act) => {
    await watch(NO_POLL);
    await act();
    await changed(1);
  });

  it("follows folders that are made later, and folders that are made anew", async () => {
    await watch(NO_POLL);
    await mkdir(at("rules/new"));
    await writeFile(at("rules/new/b.yaml"), "b");
    await changed(1);
    await writeFile(at("rules/new/b.yaml"), "bb");
    await changed(2);
    await rename(at("rules"), at("gone"));
    await changed(3);
    await mkdir(at("rules"));
    await changed(4);
    await writeFile(at("rules/c.yaml"), "c");
    await changed(5);
  });

  it("tells once, or hardly more often, of many files written one after the other", async () => {
    await watch(NO_POLL);
    for (let file = 0; file < 20; file++) {
      await writeFile(at(`rules/${file}.yaml`), "x");
      await pause(10);
    }
    await changed(1);
    await writeFile(at("rules/last.yaml"), "x");
    await changed(2);
    expect(changes).toBeLessThan(6);
  });

  it("tells when Kubernetes replaces a ConfigMap", async () => {
    const map = await mountFolder({ "a.yaml": "x" }, at("map"));
    await watch(NO_POLL, "map");
    await map.replace({ "a.yaml": "x" });
    await changed(1);
  });

  it("tells of files that never rest", async () => {
    await watch(NO_POLL);
    const end = performance.now() + 10_000;
    while (changes === 0 && performance.now() < end) {
      await appendFile(at("rules/a.yaml"), "x");
      await pause(10);
    }
    expect(changes).toBe(1);
  });

  it("tells when a file with any name is given and replaced", async () => {
    await writeFile(at("limits"), "1");
    await watch(NO_POLL, "limits");
    await writeFile(at(".limits.new"), "2");
    await rename(at(".limits.new"), at("limits"));
    await changed(1);
  });

  it("does not tell of what editors put beside a file", async () => {
    await watch(NO_POLL);
    for (const name of ["4913", ".a.yaml.swp", "a.yaml~", "#a.yaml#", "a.yaml.tmp"]) {
      await writeFile(at(`rules/${name}`), "x");
      await rm(at(`rules/${name}`));
    }
    await writeFile(at("rules/real.yaml"), "x");
    await changed(1);
    expect(changes).toBe(1);
  });

  it("tells nothing when it has been closed", async () => {
    const first = await watch(NO_POLL);
    await watch(NO_POLL);
    first.close();
    await writeFile(at("rules/a.yaml"), "aa");
    await changed(1);
    expect(changes).toBe(1);
  });
});

describe("a watch of rules without events", () => {
  it("finds a change by looking now and then", async () => {
    // Nobody tells of changes at the far end of a link.
    await writeFile(at("far.yaml"), "1");
    await symlink("../far.yaml", at("rules/b.yaml"));
    await watch(50);
    await writeFile(at("far.yaml"), "22");
    await changed(1);
  });

  it("says which folder gives none, and finds changes in it all the same", async () => {
    const faults: string[] = [];
    const made = new ChangeWatch({
      path: at("none/rules"),
      pollMillis: 50,
      onChange: () => changes++,
      onFault: (folder) => faults.push(folder),
    });
    watches.push(made);
    await made.start();
    expect(faults).toEqual([]);
    await mkdir(at("none/rules"), { recursive: true });
    await changed(1);
    await writeFile(at("none/rules/a.yaml"), "a");
    await changed(2);
  });
});
