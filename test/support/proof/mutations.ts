import { frame, readFrames, type TestFrame } from "../h2/frames.js";
import type { SeededRandom } from "./seeded-random.js";

const TELLING_BYTES = [0, 1, 4, 5, 8, 0x0d, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xfe, 0xff];
const PREFACE_BYTES = 24;

/** Does harm to bytes at a few places. */
export function mutateBytes(random: SeededRandom, bytes: Buffer): Buffer {
  let mutated = Buffer.from(bytes);
  for (let left = 1 + random.size(12); left > 0; left--) {
    const at = random.below(mutated.length + 1);
    const some = random.size(40);
    const what = random.below(6);
    if (what === 0 && at < mutated.length) mutated[at] = (mutated[at] as number) ^ (1 << random.below(8));
    else if (what === 1 && at < mutated.length) mutated[at] = random.pick(TELLING_BYTES);
    else if (what === 2) mutated = Buffer.concat([mutated.subarray(0, at), random.bytes(some), mutated.subarray(at)]);
    else if (what === 3) mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + some)]);
    else if (what === 4) mutated = Buffer.concat([mutated.subarray(0, at + some), mutated.subarray(at)]);
    else if (what === 5 && random.chance(0.2)) mutated = mutated.subarray(0, at);
  }
  return mutated;
}

/** Does harm to frames: their heads, their order, their number. */
export function mutateFrames(random: SeededRandom, bytes: Buffer): Buffer {
  const { frames, rest } = readFrames(bytes.subarray(PREFACE_BYTES));
  const mutated = frames.map((one): TestFrame => ({ ...one }));
  for (let left = 1 + random.size(8); left > 0 && mutated.length > 0; left--) {
    const at = random.below(mutated.length);
    const one = mutated[at] as TestFrame;
    const other = random.below(mutated.length);
    const what = random.below(8);
    if (what === 0) mutated.splice(at, 1);
    else if (what === 1) mutated.splice(other, 0, one);
    else if (what === 2) mutated[at] = { ...one, type: random.below(12) };
    else if (what === 3) mutated[at] = { ...one, flags: one.flags ^ (1 << random.below(8)) };
    else if (what === 4)
      mutated[at] = { ...one, id: random.pick([0, 1, 2, 3, 5, one.id + 1, one.id + 2, 2 ** 31 - 1]) };
    else if (what === 5) mutated[at] = { ...one, payload: mutateBytes(random, one.payload) };
    else if (what === 6) [mutated[at], mutated[other]] = [mutated[other] as TestFrame, one];
    else mutated.splice(at, 0, randomFrame(random));
  }
  const parts = mutated.map(({ type, flags, id, payload }) => frame(type, flags, id, payload.subarray(0, 2 ** 24 - 1)));
  return Buffer.concat([bytes.subarray(0, PREFACE_BYTES), ...parts, rest]);
}

/** A frame of any kind on a stream of low number. */
export function randomFrame(random: SeededRandom): TestFrame {
  return {
    type: random.below(12),
    flags: random.pick([0, 1, 4, 5, 8, 9, 0x0d, 0x20, 0x25, 0x2d, 0xff]),
    id: random.pick([0, 0, 1, 1, 2, 3, 5, 7, 9, 2 ** 31 - 1]),
    payload: random.bytes(random.chance(0.5) ? random.pick([0, 4, 5, 6, 8]) : random.size(17_000)),
  };
}
