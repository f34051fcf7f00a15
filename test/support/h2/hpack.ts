import { HUFFMAN_BITS } from "./huffman-table.js";

/** HPACK for tests, slow and plain, after RFC 7541; it shares nothing with the server's. */
export type TestField = readonly [name: string, value: string];

/** RFC 7541 appendix A: a field a line, the name and after a space the value. */
const STATIC_TEXT = `
:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`;

const STATIC: readonly TestField[] = STATIC_TEXT.trim()
  .split("\n")
  .map((line) => [line.split(" ")[0] as string, line.split(" ").slice(1).join(" ")]);

export function hpackInteger(value: number, prefixBits: number, pattern = 0): number[] {
  const max = 2 ** prefixBits - 1;
  if (value < max) return [pattern | value];
  const bytes = [pattern | max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

export function hpackHuffman(text: string): number[] {
  let bits = [...Buffer.from(text, "latin1")].map((byte) => HUFFMAN_BITS[byte]).join("");
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
}

export function hpackString(text: string, huffman = false): number[] {
  const bytes = huffman ? hpackHuffman(text) : [...Buffer.from(text, "latin1")];
  return [...hpackInteger(bytes.length, 7, huffman ? 0x80 : 0), ...bytes];
}

export type LiteralKind = "indexed" | "plain" | "never";
const PATTERNS: Record<LiteralKind, readonly [prefixBits: number, pattern: number]> = {
  indexed: [6, 0x40],
  plain: [4, 0x00],
  never: [4, 0x10],
};

/** A literal field with its name as a literal too, or by index. */
export function hpackLiteral(
  name: string | number,
  value: string,
  kind: LiteralKind = "plain",
  huffman = false,
): number[] {
  const [prefixBits, pattern] = PATTERNS[kind];
  const head =
    typeof name === "number" ? hpackInteger(name, prefixBits, pattern) : [pattern, ...hpackString(name, huffman)];
  return [...head, ...hpackString(value, huffman)];
}

/** A block of plain literals. */
export function hpackBlock(fields: Iterable<TestField>): Buffer {
  return Buffer.from([...fields].flatMap(([name, value]) => hpackLiteral(name, value)));
}

/** A decoder of one connection's blocks. */
export class TestHpackReader {
  /** The newest first. */
  #table: TestField[] = [];
  #capacity = 4_096;
  /** Whether the blocks so far have left the table alone. */
  isTableUnused = true;

  read(block: Buffer): TestField[] {
    const fields: TestField[] = [];
    let at = 0;
    const integer = (prefixBits: number): number => {
      const max = 2 ** prefixBits - 1;
      let value = (block[at++] as number) & max;
      if (value < max) return value;
      for (let factor = 1; ; factor *= 128) {
        const byte = block[at++] as number;
        value += (byte % 128) * factor;
        if (byte < 128) return value;
      }
    };
    const string = (): string => {
      const isHuffman = (block[at] as number) >= 128;
      const length = integer(7);
      const bytes = block.subarray(at, at + length);
      at += length;
      return isHuffman ? readHuffman(bytes) : bytes.toString("latin1");
    };
    const literal = (prefixBits: number): TestField => {
      const index = integer(prefixBits);
      const name = index === 0 ? string() : this.#field(index)[0];
      return [name, string()];
    };
    while (at < block.length) {
      const byte = block[at] as number;
      if (byte >= 0x80) fields.push(this.#field(integer(7)));
      else if (byte >= 0x40) fields.push(this.#insert(literal(6)));
      else if (byte >= 0x20) this.#resize(integer(5));
      else fields.push(literal(4));
    }
    return fields;
  }

  #field(index: number): TestField {
    const field = index <= STATIC.length ? STATIC[index - 1] : this.#table[index - STATIC.length - 1];
    if (field === undefined) throw new Error(`no field ${index}`);
    return field;
  }

  #insert(field: TestField): TestField {
    this.isTableUnused = false;
    this.#table.unshift(field);
    this.#resize(this.#capacity);
    return field;
  }

  #resize(capacity: number): void {
    this.#capacity = capacity;
    const size = (): number => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > capacity) this.#table.pop();
  }
}

/** Reads a block that uses no table of its own, as the native server's answers do. */
export function readHpackBlock(block: Buffer): TestField[] {
  return new TestHpackReader().read(block);
}

function readHuffman(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const text: number[] = [];
  let code = "";
  for (const bit of bits) {
    code += bit;
    const found = HUFFMAN_BITS.indexOf(code);
    if (found < 0) continue;
    text.push(found);
    code = "";
  }
  if (!/^1{0,7}$/.test(code)) throw new Error("wrong padding");
  return Buffer.from(text).toString("latin1");
}
