import type { PackedTexts } from "./packed-texts.js";

/** A piece of a file. */
export interface TextPart {
  readonly file: string;
  readonly text: string;
}

/** A part of all files, one behind the other. */
export interface TextsPage {
  readonly parts: readonly TextPart[];
  /** Where the next page begins; undefined: there is none. */
  readonly next: number | undefined;
}

/** To make text of so many bytes, and JSON of that, takes about a millisecond. */
const PAGE_BYTES = 128 * 1024;
/** So many short files take as long. */
const MOST_PARTS = 500;

/** @param from in bytes, 0 or the `next` of a page; anything else may begin with half a character */
export function textsPage({ paths, bytes, offsets }: PackedTexts, from: number): TextsPage {
  const parts: TextPart[] = [];
  const last = offsets.at(-1) as number;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let at = from;
  for (let index = firstAfter(offsets, from) - 1; index < paths.length && parts.length < MOST_PARTS; index++) {
    const end = endOfPart(bytes, offsets[index + 1] as number, from + PAGE_BYTES);
    if (end <= at && at > from) break;
    parts.push({ file: paths[index] as string, text: decoder.decode(bytes.slice(at, end)) });
    at = end;
    if (end < (offsets[index + 1] as number)) break;
  }
  return { parts, next: at < last ? at : undefined };
}

/** The end of the file, or before that the end of the last whole character that fits. */
function endOfPart(bytes: Uint8Array, end: number, most: number): number {
  if (end <= most) return end;
  let at = most;
  while (at > 0 && ((bytes[at] as number) & 0xc0) === 0x80) at--;
  return at;
}

/** The index of the first offset above the wanted one. */
function firstAfter(offsets: readonly number[], wanted: number): number {
  const index = offsets.findIndex((offset) => offset > wanted);
  return index === -1 ? offsets.length : index;
}
