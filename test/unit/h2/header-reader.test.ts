import { describe, expect, it } from "vitest";
import { HeaderReader } from "../../../src/h2/header-reader.js";
import { DEFAULT_H2_LIMITS } from "../../../src/h2/limits.js";
import { hpackLiteral } from "../../support/h2/hpack.js";

const read = (reader: HeaderReader, bytes: readonly number[]) => reader.request(Buffer.from(bytes), 0, bytes.length);

const POST = [0x83, 0x86];
const path = (value: string): number[] => hpackLiteral(4, value, "indexed");

describe("a header block that comes again", () => {
  it("is not decoded again: what was made of it is found there", () => {
    const reader = new HeaderReader(DEFAULT_H2_LIMITS);
    read(reader, [...POST, ...path("/a")]);
    const first = read(reader, [...POST, 0x80 | 62]);
    first.memo = "made of it";
    expect(read(reader, [...POST, 0x80 | 62])).toBe(first);
    expect(first.path).toBe("/a");
  });

  it("is decoded again when the table has changed, for it means something else", () => {
    const reader = new HeaderReader(DEFAULT_H2_LIMITS);
    read(reader, [...POST, ...path("/a")]);
    expect(read(reader, [...POST, 0x80 | 62]).path).toBe("/a");
    read(reader, [...POST, ...path("/b")]);
    expect(read(reader, [...POST, 0x80 | 62]).path).toBe("/b");
    read(reader, [0x20, ...POST, ...hpackLiteral(4, "/c")]);
    expect(() => read(reader, [...POST, 0x80 | 62])).toThrow();
  });

  it("is decoded again when it changes the table itself", () => {
    const reader = new HeaderReader(DEFAULT_H2_LIMITS);
    const block = [...POST, ...path("/a")];
    read(reader, block);
    read(reader, block);
    expect(read(reader, [...POST, 0x80 | 63]).path).toBe("/a");
  });

  it("is told apart from all others, though only a few are remembered", () => {
    const reader = new HeaderReader(DEFAULT_H2_LIMITS);
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 50; at++) expect(read(reader, [...POST, ...hpackLiteral(4, `/${at}`)]).path).toBe(`/${at}`);
    }
  });
});
