import type { SourceFile } from "../source-file.js";
import { type PackedParts, roomFor, unpackParts } from "./packed-parts.js";

/** Files, as UTF-8. */
export interface PackedTexts extends PackedParts {
  readonly paths: readonly string[];
}

export const NO_TEXTS: PackedTexts = { paths: [], ...roomFor([]) };

export function packTexts(files: readonly SourceFile[]): PackedTexts {
  const encoder = new TextEncoder();
  const encoded = files.map(({ text }) => encoder.encode(text));
  const packed = roomFor(encoded);
  for (const [index, each] of encoded.entries()) packed.bytes.set(each, packed.offsets[index]);
  return { paths: files.map(({ path }) => path), ...packed };
}

export function unpackTexts({ paths, ...packed }: PackedTexts): SourceFile[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parts = unpackParts(packed);
  return paths.map((path, index) => ({ path, text: decoder.decode(parts[index]) }));
}
