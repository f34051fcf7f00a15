import type { Place } from "../read-document.js";
import type { JsonObject } from "../rule.js";
import { unicodeEscape } from "../unicode-escape.js";

/** A value to be written into a rules file. */
export type Written =
  | { readonly kind: "text"; readonly value: string }
  /** A number, a flag or a word that needs no quotes. */
  | { readonly kind: "plain"; readonly value: number | boolean | string }
  | { readonly kind: "json"; readonly value: JsonObject }
  /** On one line. */
  | { readonly kind: "map"; readonly fields: Fields }
  | { readonly kind: "maps"; readonly items: readonly Fields[] }
  /** Each field on a line of its own. */
  | { readonly kind: "blocks"; readonly items: readonly Fields[] };

/** Keys and what they have, in order. A list of blocks must be the last. */
export type Fields = readonly (readonly [key: string, value: Written])[];

/** A rules file, and its values as reading it would give them. */
export interface WrittenRules {
  readonly text: string;
  readonly root: Place;
}

/** Writes a rules file as YAML. To read what was just written would take a hundred times as long. */
export function writeRules(fields: Fields): WrittenRules {
  const writer = new RulesWriter();
  const root = writer.writeBlock(fields, "");
  return { text: writer.finish(), root };
}

class RulesWriter {
  readonly #parts: string[] = [];
  #length = 0;

  finish(): string {
    this.#add("\n");
    return this.#parts.join("");
  }

  /** A map from here on, its further lines indented. */
  writeBlock(fields: Fields, indent: string): Place {
    const offset = this.#length;
    if (fields.length === 0) this.#add("{}");
    const children = fields.map(([key, written], index): [string, Place] => {
      if (index > 0) this.#add(`\n${indent}`);
      const keyOffset = this.#add(key);
      this.#add(":");
      if (written.kind === "blocks") return [key, this.#writeBlocks(written.items, indent, keyOffset)];
      this.#add(" ");
      return [key, this.#writeInline(written, keyOffset)];
    });
    return placeOfMap(children, offset, undefined);
  }

  #writeBlocks(items: readonly Fields[], indent: string, keyOffset: number): Place {
    // The list begins with its first dash.
    const offset = this.#length + `\n${indent}  `.length;
    const children = items.map((fields) => {
      this.#add(`\n${indent}  - `);
      return this.writeBlock(fields, `${indent}    `);
    });
    return placeOfList(children, offset, keyOffset);
  }

  #writeInline(written: Exclude<Written, { kind: "blocks" }>, keyOffset: number | undefined): Place {
    const offset = this.#length;
    switch (written.kind) {
      case "text":
      case "json":
        this.#add(asYaml(written.value));
        return placeOf(written.value, offset, keyOffset);
      case "plain":
        this.#add(String(written.value));
        return placeOf(written.value, offset, keyOffset);
      case "map":
        return this.#writeMap(written.fields, keyOffset);
      case "maps":
        return this.#writeMaps(written.items, keyOffset);
    }
  }

  #writeMap(fields: Fields, keyOffset: number | undefined): Place {
    const offset = this.#add(fields.length === 0 ? "{" : "{ ");
    const children = fields.map(([key, written], index): [string, Place] => {
      if (index > 0) this.#add(", ");
      const keyAt = this.#add(key);
      this.#add(": ");
      if (written.kind === "blocks") throw new Error("what has lines of its own cannot stand on one");
      return [key, this.#writeInline(written, keyAt)];
    });
    this.#add(fields.length === 0 ? "}" : " }");
    return placeOfMap(children, offset, keyOffset);
  }

  #writeMaps(items: readonly Fields[], keyOffset: number | undefined): Place {
    const offset = this.#add("[");
    const children = items.map((fields, index) => {
      if (index > 0) this.#add(", ");
      return this.#writeMap(fields, undefined);
    });
    this.#add("]");
    return placeOfList(children, offset, keyOffset);
  }

  /** @returns where the text begins */
  #add(text: string): number {
    const offset = this.#length;
    this.#parts.push(text);
    this.#length += text.length;
    return offset;
  }
}

/** JSON is YAML, but for characters that end a line or cannot be seen in a YAML file. */
function asYaml(value: string | JsonObject): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, unicodeEscape);
}

function placeOf(value: unknown, offset: number, keyOffset: number | undefined): Place {
  return { value, offset, keyOffset, node: undefined, children: undefined };
}

function placeOfMap(children: readonly [string, Place][], offset: number, keyOffset: number | undefined): Place {
  const value = Object.fromEntries(children.map(([key, place]) => [key, place.value]));
  return { value, offset, keyOffset, node: undefined, children: new Map(children) };
}

function placeOfList(children: readonly Place[], offset: number, keyOffset: number | undefined): Place {
  const value = children.map((place) => place.value);
  return { value, offset, keyOffset, node: undefined, children: new Map(children.entries()) };
}
