import type { MetadataSource } from "./metadata-fields.js";

export type MetadataValue = string | Buffer;

/** Fields of a request that are the protocol's, not the caller's metadata. */
const PROTOCOL_FIELDS = new Set(["accept-encoding", "content-type", "te", "host", "content-length"]);

/** Metadata of a call, with the methods of grpc-js's. Names are lower case; values under names in -bin are bytes. */
export class Metadata implements MetadataSource {
  readonly #values = new Map<string, MetadataValue[]>();

  /** The metadata of a request: names and values in turn. Several binary values may be joined by commas. */
  static fromFields(fields: readonly string[]): Metadata {
    const metadata = new Metadata();
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] as string;
      const value = fields[at + 1] as string;
      if (PROTOCOL_FIELDS.has(name) || name.startsWith("grpc-")) continue;
      if (!name.endsWith("-bin")) metadata.add(name, value);
      else for (const part of value.split(",")) metadata.add(name, Buffer.from(part.trim(), "base64"));
    }
    return metadata;
  }

  /** Replaces the values of a name. @throws Error on a value of the wrong kind for its name */
  set(name: string, value: MetadataValue): void {
    this.#values.set(name.toLowerCase(), [checked(name, value)]);
  }

  /** Adds a value to a name. @throws Error on a value of the wrong kind for its name */
  add(name: string, value: MetadataValue): void {
    const values = this.#values.get(name.toLowerCase());
    if (values === undefined) this.set(name, value);
    else values.push(checked(name, value));
  }

  remove(name: string): void {
    this.#values.delete(name.toLowerCase());
  }

  get(name: string): MetadataValue[] {
    return [...(this.#values.get(name.toLowerCase()) ?? [])];
  }

  /** The first value of each name. */
  getMap(): { [name: string]: MetadataValue } {
    return Object.fromEntries([...this.#values].map(([name, values]) => [name, values[0] as MetadataValue]));
  }

  clone(): Metadata {
    const copy = new Metadata();
    copy.merge(this);
    return copy;
  }

  /** Adds all values of another. */
  merge(other: Metadata): void {
    for (const [name, values] of other.#values) for (const value of values) this.add(name, value);
  }

  toHttp2Headers(): { [name: string]: string[] } {
    const text = (value: MetadataValue): string => (typeof value === "string" ? value : value.toString("base64"));
    return Object.fromEntries([...this.#values].map(([name, values]) => [name, values.map(text)]));
  }

  toJSON(): { [name: string]: MetadataValue[] } {
    return Object.fromEntries(this.#values);
  }
}

function checked(name: string, value: MetadataValue): MetadataValue {
  const isBinary = name.toLowerCase().endsWith("-bin");
  if (isBinary === Buffer.isBuffer(value)) return value;
  throw new Error(isBinary ? `${name} takes a Buffer` : `${name} takes a string`);
}
