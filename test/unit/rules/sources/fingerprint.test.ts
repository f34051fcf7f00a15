import { chmod, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeFingerprint } from "../../../../src/rules/sources/fingerprint.js";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "weir-fingerprint-"));
  await mkdir(join(root, "rules/deep/er"), { recursive: true });
  await writeFile(join(root, "rules/a.yaml"), "a");
  await writeFile(join(root, "rules/deep/er/b.yml"), "b");
});

afterEach(() => rm(root, { recursive: true }));

const at = (path: string): string => join(root, path);
const textOf = async (path = "rules"): Promise<string> => (await takeFingerprint(at(path))).text;

/** Whether the fingerprint is another one after the act. */
async function changes(act: () => Promise<unknown>, path?: string): Promise<boolean> {
  const before = await textOf(path);
  await act();
  return (await textOf(path)) !== before;
}

describe("the fingerprint of a folder", () => {
  it("stays the same while nothing happens", async () => {
    expect(await changes(() => Promise.resolve())).toBe(false);
    expect(await textOf()).not.toBe("");
  });

  it.each<[string, () => Promise<unknown>]>([
    ["is written", () => writeFile(at("rules/a.yaml"), "aa")],
    ["is written deep down", () => writeFile(at("rules/deep/er/b.yml"), "bb")],
    ["is added", () => writeFile(at("rules/deep/c.yaml"), "")],
    ["is removed", () => rm(at("rules/a.yaml"))],
    ["is renamed", () => rename(at("rules/a.yaml"), at("rules/z.yaml"))],
    ["may no longer be read", () => chmod(at("rules/a.yaml"), 0)],
    ["is a link that leads nowhere", () => symlink("nowhere", at("rules/c.yaml"))],
  ])("changes when a rules file %s", async (_what, act) => {
    expect(await changes(act)).toBe(true);
  });

  it("changes when a file of the same size and age is put in another's place", async () => {
    const age = new Date("2026-01-01");
    await writeFile(at("new"), "x");
    for (const path of ["new", "rules/a.yaml"]) await utimes(at(path), age, age);
    expect(await changes(() => rename(at("new"), at("rules/a.yaml")))).toBe(true);
  });

  it("changes when a file is put in another's place within one tick of the kernel's clock", async () => {
    for (let time = 0; time < 50; time++) {
      await writeFile(at("rules/a.yaml"), "a");
      const replace = () => writeFile(at("new"), "b").then(() => rename(at("new"), at("rules/a.yaml")));
      expect(await changes(replace)).toBe(true);
    }
  });

  it("changes when a folder goes, comes back, or is another one", async () => {
    expect(await changes(() => rename(at("rules/deep"), at("aside")))).toBe(true);
    expect(await changes(() => rename(at("aside"), at("rules/deep")))).toBe(true);
    expect(await changes(() => rename(at("rules"), at("gone")))).toBe(true);
    expect(await changes(() => mkdir(at("rules")))).toBe(true);
  });

  it.each([
    ".a.yaml.swp",
    ".#a.yaml",
    "#a.yaml#",
    "a.yaml~",
    "4913",
    "a.yaml.tmp",
    "a.yaml.bak",
    ".hidden.yaml",
    "README.md",
  ])("does not change for %s", async (name) => {
    expect(await changes(() => writeFile(at(`rules/${name}`), "x"))).toBe(false);
    expect(await changes(() => rm(at(`rules/${name}`)))).toBe(false);
  });

  it("changes when Kubernetes moves the link of a ConfigMap, even to files of the same size and age", async () => {
    const age = new Date("2026-01-01");
    for (const version of ["..2026_1", "..2026_2"]) {
      await mkdir(at(`map/${version}`), { recursive: true });
      await writeFile(at(`map/${version}/a.yaml`), "x");
      await utimes(at(`map/${version}/a.yaml`), age, age);
    }
    await symlink("..2026_1", at("map/..data"));
    await symlink("..data/a.yaml", at("map/a.yaml"));
    await symlink("..2026_2", at("map/..data_tmp"));
    expect(await changes(() => rename(at("map/..data_tmp"), at("map/..data")), "map")).toBe(true);
    expect(await changes(() => rm(at("map/..2026_1"), { recursive: true }), "map")).toBe(false);
  });

  it("ends where links lead in circles", async () => {
    await symlink("..", at("rules/deep/up"));
    expect((await textOf()).match(/b\.yml/g)).toHaveLength(1);
  });

  it("names all folders whose events matter, that around it too", async () => {
    const { folders } = await takeFingerprint(at("rules"));
    expect([...folders.keys()].sort()).toEqual([root, at("rules"), at("rules/deep"), at("rules/deep/er")]);
  });
});

describe("the fingerprint of a file", () => {
  it("changes when the file is written, replaced or removed, whatever its name", async () => {
    await writeFile(at("limits"), "1");
    expect(await changes(() => writeFile(at("limits"), "22"), "limits")).toBe(true);
    await writeFile(at("other"), "22");
    expect(await changes(() => rename(at("other"), at("limits")), "limits")).toBe(true);
    expect(await changes(() => writeFile(at("limits.yaml"), "x"), "limits")).toBe(false);
    expect(await changes(() => rm(at("limits")), "limits")).toBe(true);
  });

  it("is there also when neither the file nor its folder is", async () => {
    expect(await textOf("no/thing")).toContain("ENOENT");
  });
});
