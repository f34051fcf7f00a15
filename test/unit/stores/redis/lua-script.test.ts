import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadScript } from "../../../../src/stores/redis/lua-script.js";

describe("a script", () => {
  it("is its files, one after the other, and is named by their SHA-1", () => {
    const [first, second] = ["exact", "batch"].map((name) =>
      readFileSync(`src/stores/redis/scripts/${name}.lua`, "utf8"),
    );
    const { source, sha } = loadScript("exact", "batch");
    expect(source).toBe(`${first}\n${second}`);
    expect(sha).toBe(createHash("sha1").update(source).digest("hex"));
  });

  it("that does not exist is an error that names the file", () => {
    expect(() => loadScript("none")).toThrow(/scripts\/none\.lua/);
  });
});
