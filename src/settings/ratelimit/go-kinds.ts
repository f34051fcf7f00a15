import { joinWords } from "../../rules/join-words.js";
import { readGoBoolean, readGoDuration, readGoNumber } from "./go-texts.js";

/** What ER takes for a variable. */
export interface GoKind {
  /** Undefined: ER would not start with it. Equal results mean the same to it. */
  readonly read: (text: string) => string | number | boolean | undefined;
  /** For people: must be ... */
  readonly mayBe: string;
}

export const anyText: GoKind = { read: (text) => text, mayBe: "text" };

export const goBoolean: GoKind = { read: readGoBoolean, mayBe: "true or false" };

export const goDuration: GoKind = { read: readGoDuration, mayBe: "a duration such as 10s, 1h30m or 0" };

export const goNumber: GoKind = { read: readGoNumber, mayBe: "a number" };

export const port: GoKind = {
  read: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
  mayBe: "a port, from 0 to 65535",
};

/** One of some words, written large or small. */
export function word(...words: readonly string[]): GoKind {
  return {
    read: (text) => (words.includes(text.toLowerCase()) ? text.toLowerCase() : undefined),
    mayBe: joinWords(words, "or"),
  };
}
