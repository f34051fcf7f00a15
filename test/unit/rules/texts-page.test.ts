import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceFile } from "../../../src/rules/source-file.js";
import { packTexts, unpackTexts } from "../../../src/rules/sources/packed-texts.js";
import { textsPage } from "../../../src/rules/sources/texts-page.js";

/** All pages, put together again. */
function readAll(files: readonly SourceFile[]): { files: SourceFile[]; pages: number } {
  const packed = packTexts(files);
  const texts = new Map<string, string>();
  let pages = 0;
  for (let next: number | undefined = 0; next !== undefined; pages++) {
    const page = textsPage(packed, next);
    if (page.next !== undefined) expect(page.next).toBeGreaterThan(next);
    for (const { file, text } of page.parts) texts.set(file, (texts.get(file) ?? "") + text);
    next = page.next;
  }
  return { files: [...texts].map(([path, text]) => ({ path, text })), pages };
}

const file = (index: number, text: string): SourceFile => ({ path: `${index}.yaml`, text });

describe("texts", () => {
  it("are the same when they are unpacked, whatever is in them", () => {
    const texts = fc.array(fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(texts, (all) => {
        const files = all.map((text, index) => file(index, text));
        expect(unpackTexts(packTexts(files))).toEqual(files);
      }),
    );
  });

  it("are the same when they are read page by page, at whatever characters pages end", () => {
    const long = [0, 1, 2, 3].map((shift) => file(shift, `${"x".repeat(shift)}${"\u20ac".repeat(100_000)}\u{1d11e}`));
    const read = readAll([...long, file(9, "short")]);
    expect(read.files).toEqual([...long, file(9, "short")]);
    expect(read.pages).toBeGreaterThan(8);
  });

  it("may be thousands, of which a page has some hundred", () => {
    const files = Array.from({ length: 1_700 }, (_, index) => file(index, `${index}`));
    expect(readAll(files)).toEqual({ files, pages: 4 });
  });

  it("may be none", () => {
    expect(textsPage(packTexts([]), 0)).toEqual({ parts: [], next: undefined });
    expect(textsPage(packTexts([file(0, "a")]), 999)).toEqual({ parts: [], next: undefined });
  });
});
