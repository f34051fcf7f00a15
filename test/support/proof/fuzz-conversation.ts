import { gzipSync } from "node:zlib";
import { grpcMessage } from "../grpc/messages.js";
import {
  END_HEADERS,
  END_STREAM,
  frame,
  PREFACE,
  ping,
  reset,
  SETTINGS_ACK,
  settings,
  TYPE,
  uint32,
  windowUpdate,
} from "../h2/frames.js";
import { hpackInteger, hpackLiteral, type TestField } from "../h2/hpack.js";
import type { SeededRandom } from "./seeded-random.js";

/** The methods that the fuzzed servers have, and one that they have not. */
export const FUZZ_PATHS = {
  echo: "/fuzz.Lane/Echo",
  later: "/fuzz.Lane/Later",
  hang: "/fuzz.Lane/Hang",
  fail: "/fuzz.Lane/Fail",
  large: "/fuzz.Lane/Large",
  talk: "/fuzz.Service/Talk",
  spread: "/fuzz.Service/Spread",
  none: "/fuzz.None/None",
} as const;

const STATIC_FIELDS = 61;

/** Encodes header blocks as an encoder might that changes its mind all the time, and is right all the same. */
class RandomHpack {
  /** The newest first; the fields here never fill the table. */
  readonly #table: string[] = [];
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  block(fields: readonly TestField[]): Buffer {
    return Buffer.from(fields.flatMap((field) => this.#field(field)));
  }

  #field([name, value]: TestField): number[] {
    const known = this.#table.indexOf(`${name}\0${value}`);
    if (known >= 0 && this.#random.chance(0.9)) return hpackInteger(STATIC_FIELDS + 1 + known, 7, 0x80);
    const huffman = this.#random.chance(0.5);
    const canIndex = this.#table.length < 30 && value.length < 60;
    if (!canIndex || this.#random.chance(0.3)) {
      return hpackLiteral(name, value, this.#random.pick(["plain", "never"]), huffman);
    }
    this.#table.unshift(`${name}\0${value}`);
    return hpackLiteral(name, value, "indexed", huffman);
  }
}

/** What an honest client says over one connection: right in every byte, and as odd as it may be. */
export class HonestClient {
  readonly #random: SeededRandom;
  readonly #hpack: RandomHpack;
  #nextId = 1;
  /** Streams whose requests have not ended. */
  readonly #open = new Set<number>();

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#hpack = new RandomHpack(random);
  }

  /** The frames, each by itself; the preface first. */
  conversation(): Buffer[] {
    const random = this.#random;
    const pairs: [number, number][] = [];
    if (random.chance(0.5)) pairs.push([4, random.pick([0, 1, 100, 65_535, 1_000_000, 2_000_000_000])]);
    if (random.chance(0.2)) pairs.push([1, random.pick([0, 64, 4_096, 65_536])]);
    if (random.chance(0.2)) pairs.push([2, 0], [3, 100], [5, 16_384 + random.below(1_000_000)], [0xbeef, 1]);
    const frames = [PREFACE, settings(pairs), SETTINGS_ACK];
    for (let left = 1 + random.size(60); left > 0; left--) frames.push(...this.#say());
    return frames;
  }

  #say(): Buffer[] {
    const random = this.#random;
    const what = random.next();
    if (what < 0.6) return this.#call();
    if (what < 0.7 && this.#open.size > 0) return this.#end(random.pick([...this.#open]));
    if (what < 0.8 && this.#nextId > 1) return this.#reset(1 + 2 * random.below((this.#nextId - 1) / 2));
    const id = this.#nextId > 1 ? 1 + 2 * random.below((this.#nextId - 1) / 2) : 0;
    return [
      random.pick([
        () =>
          ping(
            random
              .bytes(8)
              .toString("latin1")
              .slice(0, 4)
              .padEnd(8, "p")
              .replace(/[^ -~]/g, "?"),
          ),
        () => windowUpdate(0, 1 + random.size(100_000)),
        () => windowUpdate(id, 1 + random.size(100_000)),
        () => frame(TYPE.PRIORITY, 0, id + 2, Buffer.concat([uint32(0), Buffer.from([random.below(256)])])),
        () => frame(11 + random.below(200), random.below(256), id, random.bytes(random.size(100))),
        () => settings([[4, random.pick([1, 65_535, 300_000])]]),
      ])(),
    ];
  }

  #call(): Buffer[] {
    const random = this.#random;
    const id = this.#nextId;
    this.#nextId += 2;
    const fields: TestField[] = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", random.pick(Object.values(FUZZ_PATHS))],
      [":authority", "fuzz"],
      ["te", "trailers"],
      ["content-type", random.pick(["application/grpc", "application/grpc", "application/grpc+proto", "text/html"])],
    ];
    if (random.chance(0.3)) fields.push(["grpc-timeout", random.pick(["1m", "20m", "1S", "100u", "99999999H", "0n"])]);
    const isGzip = random.chance(0.1);
    if (isGzip) fields.push(["grpc-encoding", random.pick(["gzip", "deflate", "snappy"])]);
    if (random.chance(0.2)) fields.push(["x-more", "m".repeat(random.size(3_000))], ["x-bytes-bin", "AAH+/w=="]);
    const body = random.bytes(random.size(random.chance(0.02) ? 60_000 : 500));
    const message = isGzip ? grpcMessage(gzipSync(body), 1) : grpcMessage(body);
    const frames = [...this.#headers(id, this.#hpack.block(fields)), ...this.#data(id, message)];
    this.#open.add(id);
    return random.chance(0.9) ? [...frames, ...this.#end(id)] : frames;
  }

  #headers(id: number, block: Buffer): Buffer[] {
    const random = this.#random;
    if (random.chance(0.1) && block.length > 2) {
      const at = 1 + random.below(block.length - 1);
      const first = frame(TYPE.HEADERS, 0, id, block.subarray(0, at));
      return [first, frame(TYPE.CONTINUATION, END_HEADERS, id, block.subarray(at))];
    }
    if (random.chance(0.1)) {
      const padding = random.below(20);
      const padded = Buffer.concat([Buffer.from([padding]), block, Buffer.alloc(padding)]);
      return [frame(TYPE.HEADERS, END_HEADERS | 8, id, padded)];
    }
    if (random.chance(0.1)) {
      const priority = Buffer.concat([uint32(0), Buffer.from([7])]);
      return [frame(TYPE.HEADERS, END_HEADERS | 0x20, id, Buffer.concat([priority, block]))];
    }
    return [frame(TYPE.HEADERS, END_HEADERS, id, block)];
  }

  #data(id: number, bytes: Buffer): Buffer[] {
    const random = this.#random;
    const frames: Buffer[] = [];
    const most = random.pick([3, 100, 16_000, 16_000]);
    for (let at = 0; at < bytes.length; ) {
      const size = bytes.length > 2_000 ? 16_000 : 1 + random.below(most);
      const piece = bytes.subarray(at, at + size);
      at += size;
      const padding = random.below(10);
      if (random.chance(0.95)) frames.push(frame(TYPE.DATA, 0, id, piece));
      else frames.push(frame(TYPE.DATA, 8, id, Buffer.concat([Buffer.from([padding]), piece, Buffer.alloc(padding)])));
    }
    return frames;
  }

  #end(id: number): Buffer[] {
    this.#open.delete(id);
    if (this.#random.chance(0.9)) return [frame(TYPE.DATA, END_STREAM, id)];
    const trailers = this.#hpack.block([["x-trailer", "t"]]);
    return [frame(TYPE.HEADERS, END_STREAM | END_HEADERS, id, trailers)];
  }

  #reset(id: number): Buffer[] {
    this.#open.delete(id);
    return [reset(id, this.#random.below(14))];
  }
}
