import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadRules } from "../../../src/rules/load-rules.js";
import { readFiles } from "../../../src/rules/read-files.js";
import { linesOf } from "./compiled.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-rules-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

async function read(path = "."): Promise<{ paths: string[]; faults: string[] }> {
  const { files, faults } = await readFiles(join(folder, path));
  return {
    paths: files.map((file) => file.path.slice(folder.length + 1)),
    faults: linesOf(faults).map((line) => line.replace(`${folder}/`, "").replace(folder, ".")),
  };
}

test("all .yaml and .yml files at any depth are read, sorted by path", async () => {
  for (const path of ["b.yaml", "a/z/deep.yml", "a.yaml", "a/b.yml", "B.yaml"]) write(path, "domain: d");
  for (const path of ["notes.txt", "x.yaml.bak", "x.json"]) write(path, "no rules");
  expect(await read()).toEqual({ paths: ["B.yaml", "a.yaml", "a/b.yml", "a/z/deep.yml", "b.yaml"], faults: [] });
});

test("names that begin with a dot are skipped", async () => {
  for (const path of [".hidden.yaml", ".git/x.yaml", "seen.yaml"]) write(path, "domain: d");
  expect((await read()).paths).toEqual(["seen.yaml"]);
});

const SKIPPED =
  "warning: skipped: names of rules files end in .yaml or .yml and do not begin with a dot (envoyproxy/ratelimit would load this one)";

test("files with rules that are skipped for their names are told of, not those that editors and Kubernetes leave", async () => {
  const rules = "# the shop\ndomain: d\n";
  for (const path of ["seen.yaml", ".hidden.yaml", "a/x.yaml.disabled", "x.json", "X.YAML"]) write(path, rules);
  for (const path of ["x.yaml~", ".x.yaml.swp", ".#x.yaml", "#x.yaml#", "4913", "x.tmp", ".git/x", "..x"]) {
    write(path, rules);
  }
  write("readme.md", "Rules have a domain: it is at the top.\n");
  write("x.bin", Buffer.alloc(200_000));
  symlinkSync("nowhere", join(folder, "dangling"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
  expect(await read()).toEqual({
    paths: ["seen.yaml"],
    faults: expect.arrayContaining([
      `.hidden.yaml:1:1: ${SKIPPED}`,
      `X.YAML:1:1: ${SKIPPED}`,
      `a/x.yaml.disabled:1:1: ${SKIPPED}`,
      `x.json:1:1: ${SKIPPED}`,
    ]),
  });
  expect((await read()).faults).toHaveLength(4);
});

test("a folder with nothing but skipped files has no rules", async () => {
  write("x.json", "domain: d");
  expect(await read()).toEqual({
    paths: [],
    faults: [`x.json:1:1: ${SKIPPED}`, ".:1:1: no rules files (*.yaml, *.yml) in this folder"],
  });
});

test("rules of more than 16 MiB are refused, in one file or together, and not read", async () => {
  const fill = (path: string, bytes: number) => {
    write(path, "");
    truncateSync(join(folder, path), bytes);
  };
  const half = 8 * 2 ** 20;
  fill("one.yaml", 2 * half + 1);
  expect(await read("one.yaml")).toEqual({
    paths: [],
    faults: [
      "one.yaml:1:1: too large: rules can have at most 16 MiB in all files together, and this file goes beyond that",
    ],
  });
  fill("one.yaml", half);
  fill("two.yaml", half);
  expect((await read()).faults).toEqual([]);
  write("z.yaml", "domain: d");
  expect(await read()).toEqual({
    paths: [],
    faults: [
      "z.yaml:1:1: too large: rules can have at most 16 MiB in all files together, and this file goes beyond that",
    ],
  });
});

test("links to files and folders are followed, as a ConfigMap has them", async () => {
  write("..2026_11_23/rules.yaml", "domain: d");
  symlinkSync("..2026_11_23", join(folder, "..data"));
  symlinkSync("..data/rules.yaml", join(folder, "rules.yaml"));
  symlinkSync("..data", join(folder, "folder"));
  expect((await read()).paths).toEqual(["folder/rules.yaml", "rules.yaml"]);
});

test("a link back to a folder on the way is not followed for ever", async () => {
  write("a/b/rules.yaml", "domain: d");
  symlinkSync("../..", join(folder, "a/b/loop"));
  expect(await read()).toEqual({ paths: ["a/b/rules.yaml"], faults: [] });
});

test("a path to a file is read whatever its name", async () => {
  write(".rules.conf", "domain: d");
  expect(await read(".rules.conf")).toEqual({ paths: [".rules.conf"], faults: [] });
});

test("a path that is not there is a fault", async () => {
  expect(await read("nowhere")).toEqual({ paths: [], faults: ["nowhere:1:1: no such file or folder"] });
});

test("a folder without rules files is a fault", async () => {
  write("readme.md", "");
  expect(await read()).toEqual({ paths: [], faults: [".:1:1: no rules files (*.yaml, *.yml) in this folder"] });
});

test("each file that cannot be read is a fault, and the others are read", async () => {
  symlinkSync("nowhere", join(folder, "dangling.yaml"));
  symlinkSync("loop.yaml", join(folder, "loop.yaml"));
  write("latin1.yaml", Buffer.from([0x64, 0xe4, 0x0a]));
  write("good.yaml", "domain: d");
  execFileSync("mkfifo", [join(folder, "pipe.yaml")]);
  expect(await read()).toEqual({
    paths: ["good.yaml"],
    faults: [
      "pipe.yaml:1:1: not a file",
      "dangling.yaml:1:1: no such file or folder",
      "latin1.yaml:1:1: not UTF-8 text",
      "loop.yaml:1:1: too many symbolic links",
    ],
  });
});

test("a folder that is called like a rules file is a folder", async () => {
  write("odd.yaml/inner.yaml", "domain: d");
  expect((await read()).paths).toEqual(["odd.yaml/inner.yaml"]);
});

test("rules are loaded from a folder, and faults of all its files are told together in order", async () => {
  write("a.yaml", "domain: d\ndescriptors:\n  - key: k\n");
  write("b/c.yml", "domain: e\n");
  const good = await loadRules(folder);
  expect([...(good.rules?.domains.keys() ?? [])]).toEqual(["d", "e"]);
  expect(good.faults).toEqual([]);

  write("a.yaml", "domain: 'd\n");
  write("b/c.yml", "domian: e\n");
  symlinkSync("nowhere", join(folder, "aa.yaml"));
  const bad = await loadRules(folder);
  expect(bad.rules).toBeUndefined();
  expect(linesOf(bad.faults).map((line) => line.slice(folder.length + 1))).toEqual([
    "a.yaml:2:1: not valid YAML: missing closing 'quote",
    "aa.yaml:1:1: no such file or folder",
    "b/c.yml:1:1: domain is required",
    'b/c.yml:1:1: unknown key "domian"; did you mean "domain"?',
  ]);
});

test("loading from a path that is not there gives a fault and no rules", async () => {
  const result = await loadRules(join(folder, "nowhere"));
  expect(result.rules).toBeUndefined();
  expect(result.faults).toHaveLength(1);
});
