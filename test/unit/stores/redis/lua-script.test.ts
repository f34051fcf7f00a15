import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadScript } from "../../../../src/stores/redis/lua-script.js";

describe("a script", () => {
  it("is its file, and is named by the file's SHA-1", () => {
    const file = readFileSync("src/stores/redis/scripts/decide.lua");
    const { source, sha } = loadScript("decide");
    expect(source).toBe(file.toString("utf8"));
    expect(sha).toBe(createHash("sha1").update(file).digest("hex"));
  });

  it("that does not exist is an error that names the file", () => {
    expect(() => loadScript("none")).toThrow(/scripts\/none\.lua/);
  });
});
