import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/check-imports.mjs");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-imports-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the check on a src/ of these files, as `npm run check` does. */
function check(files: Record<string, string>): { code: number | null; lines: string[] } {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, "src", path)), { recursive: true });
    writeFileSync(join(folder, "src", path), text);
  }
  const run = spawnSync(process.execPath, [SCRIPT, "src"], { cwd: folder, encoding: "utf8" });
  return { code: run.status, lines: run.stderr.trimEnd().split("\n") };
}

describe("the check of import direction", () => {
  it("passes a tree in which every import points down", () => {
    const { code, lines } = check({
      "main.ts": 'import { run } from "./cli/run.js";\n',
      "cli/run.ts": 'import { start } from "../app.js";\nimport { settings } from "../settings.js";\n',
      "app.ts": 'import { Engine } from "./engine/engine.js";\nimport type { Settings } from "./settings.js";\n',
      "grpc-server/server.ts": 'import { frames } from "../h2/frames.js";\n',
      "engine/engine.ts":
        'import type { Store } from "../stores/store.js";\nimport { rule } from "../rules/rule.js";\n',
      "rules/rule.ts": 'import { z } from "zod";\nimport type { Limit } from "../limits/limit.js";\n',
      "stores/redis/redis.ts": 'import { readFileSync } from "node:fs";\nimport type { Store } from "../store.js";\n',
      "limits/bucket.ts": 'import { exact } from "./exact.js";\n',
      "start-error.ts": "export class StartError extends Error {}\n",
    });
    expect(lines).toEqual([""]);
    expect(code).toBe(0);
  });

  it("names file, line and the import that points up, over several lines or of a type", () => {
    const { code, lines } = check({
      "engine/engine.ts":
        '// The heart.\nimport { a } from "./a.js";\nimport {\n  b,\n  c,\n} from "../grpc/codec.js";\nimport type { App } from "../app.js";\n',
    });
    expect(lines[0]).toBe(
      'src/engine/engine.ts:6: import of "../grpc/codec.js": grpc is above engine, and imports only point down',
    );
    expect(lines[1]).toMatch(/^src\/engine\/engine\.ts:7: import of "\.\.\/app\.js": app is above engine/);
    expect(lines[2]).toMatch(/^2 of the imports/);
    expect(code).toBe(1);
  });

  const forbidden: [why: string, file: string, text: string, words: string][] = [
    ["a rule that knows a store", "rules/a.ts", 'import "../stores/store.js";', "rules may import only limits"],
    [
      "a store that knows a rule",
      "stores/redis/a.ts",
      'import { x } from "../../rules/x.js";',
      "rules is above stores",
    ],
    [
      "arithmetic that reads a clock",
      "limits/a.ts",
      'import { hrtime } from "node:process";',
      "imports nothing but itself",
    ],
    ["HTTP/2 that knows Weir", "h2/a.ts", 'import { x } from "../start-error.js";', "h2 may import nothing of Weir"],
    [
      "a gRPC server that knows a codec",
      "grpc-server/a.ts",
      'import { x } from "../grpc/x.js";',
      "grpc is above grpc-server",
    ],
    [
      "a gRPC server that knows Weir",
      "grpc-server/a.ts",
      'import { x } from "../start-error.js";',
      "may import only h2, net, tls",
    ],
    ["metrics that know the engine", "observe/a.ts", 'import { x } from "../engine/x.js";', "engine is above observe"],
    ["settings read elsewhere", "main.ts", 'import { x } from "./settings.js";', "may import settings"],
    ["an export of what is above", "limits/a.ts", 'export { x } from "../engine/x.js";', "engine is above limits"],
    ["an import at run time", "rules/a.ts", 'const x = await import("../engine/x.js");', "engine is above rules"],
    ["a type without an import", "rules/a.ts", 'type X = import("../engine/x.js").X;', "engine is above rules"],
    ["a worker", "rules/a.ts", 'new Worker(new URL("../cli/x.js", import.meta.url));', "cli is above rules"],
    ["what is outside of src", "cli/a.ts", 'import x from "../../package.json";', "it leaves src/"],
    ["a part without a place", "cli/a.ts", 'import { x } from "../misc/x.js";', "src/misc has no place in the order"],
  ];
  it.each(forbidden)("refuses %s", (_why, file, text, words) => {
    const { code, lines } = check({ [file]: `${text}\n` });
    expect(lines[0]).toMatch(new RegExp(`^src/${file}:1: import of "`));
    expect(lines[0]).toContain(words);
    expect(code).toBe(1);
  });

  it("refuses a tree without a single file, since it then checked nothing", () => {
    const { code, lines } = check({ "README.md": "" });
    expect(lines.join("\n")).toContain("there are no TypeScript files");
    expect(code).not.toBe(0);
  });
});
