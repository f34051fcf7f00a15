import { expect, it } from "vitest";
import { fuzz } from "../support/proof/fuzz.js";

/** Set by scripts/fuzz.mjs. */
const SECONDS = Number(process.env.WEIR_FUZZ_SECONDS ?? 10);
const SEED = Number(process.env.WEIR_FUZZ_SEED ?? 20_261_123);
const ONLY_ROUND = process.env.WEIR_FUZZ_ROUND === undefined ? undefined : Number(process.env.WEIR_FUZZ_ROUND);

const say = (words: string): void => void process.stdout.write(`fuzz: ${words}\n`);

it(
  "The default server survives all that can be said to it: no crash, hang or leak, and others are served",
  async () => {
    say(`${SECONDS} s with seed ${SEED}; again: node scripts/fuzz.mjs --seed ${SEED} [--round N]`);
    const result = await fuzz({ seed: SEED, millis: SECONDS * 1_000, onlyRound: ONLY_ROUND, say });
    say(JSON.stringify(result));
    if (ONLY_ROUND !== undefined) return;
    // That it was fuzzed at all: every kind of talk, calls that got through, and faults of several kinds.
    expect(Object.keys(result.kinds)).toHaveLength(5);
    expect(result.callsAnswered).toBeGreaterThan(100);
    const { PROTOCOL_ERROR, COMPRESSION_ERROR, FRAME_SIZE_ERROR, ENHANCE_YOUR_CALM, INTERNAL_ERROR } =
      result.connectionErrors;
    for (const count of [PROTOCOL_ERROR, COMPRESSION_ERROR, FRAME_SIZE_ERROR, ENHANCE_YOUR_CALM]) {
      expect(count).toBeGreaterThan(0);
    }
    expect(INTERNAL_ERROR).toBe(0);
  },
  SECONDS * 1_000 + 60_000,
);
