import type { SourceFile } from "../source-file.js";

/**
 * Files one behind the other, in memory that threads share: to hand it over costs nothing, and a thread that ends takes
 * nothing with it. It is written once, and then only read.
 */
export interface PackedTexts {
  readonly paths: readonly string[];
  /** UTF-8. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Where each file begins, and at last where they end. */
  readonly offsets: readonly number[];
}

export const NO_TEXTS: PackedTexts = { paths: [], bytes: new Uint8Array(new SharedArrayBuffer(0)), offsets: [0] };

export function packTexts(files: readonly SourceFile[]): PackedTexts {
  const encoder = new TextEncoder();
  const encoded = files.map(({ text }) => encoder.encode(text));
  const offsets = [0];
  for (const { length } of encoded) offsets.push((offsets.at(-1) as number) + length);
  const bytes = new Uint8Array(new SharedArrayBuffer(offsets.at(-1) as number));
  for (const [index, each] of encoded.entries()) bytes.set(each, offsets[index]);
  return { paths: files.map(({ path }) => path), bytes, offsets };
}

export function unpackTexts({ paths, bytes, offsets }: PackedTexts): SourceFile[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  // A copy, since the decoder takes no shared memory.
  return paths.map((path, index) => ({ path, text: decoder.decode(bytes.slice(offsets[index], offsets[index + 1])) }));
}
