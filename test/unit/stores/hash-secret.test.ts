import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readHashSecret } from "../../../src/stores/hash-secret.js";

const folder = mkdtempSync(join(tmpdir(), "weir-secret-"));

afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Buffer): string {
  const path = join(folder, "secret");
  writeFileSync(path, content);
  return path;
}

describe("the secret to hash keys with", () => {
  it.each(["", "\n", "\r\n"])("is what the file holds, without the line end %j", (end) => {
    expect(readHashSecret(file(`0123456789abcdef${end}`)).toString()).toBe("0123456789abcdef");
  });

  it("is bytes, whatever they are, and loses one line end only", () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(readHashSecret(file(bytes))).toEqual(bytes);
    expect(readHashSecret(file("0123456789abcdef\n\n")).toString()).toBe("0123456789abcdef\n");
  });

  it.each(["", "\n", "0123456789abcde", "0123456789abcde\n"])(
    "is refused when it is short, without its text: %j",
    (text) => {
      const path = file(text);
      const words = `${path}, has ${text.trimEnd().length} bytes and must have at least 16`;
      expect(() => readHashSecret(path)).toThrow(expect.objectContaining({ exitCode: 2 }));
      expect(() => readHashSecret(path)).toThrow(words);
    },
  );

  it("is refused when it is not there, or no file", () => {
    expect(() => readHashSecret(join(folder, "nowhere"))).toThrow(/cannot be read: ENOENT.*nowhere/);
    expect(() => readHashSecret(folder)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
