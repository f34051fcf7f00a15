import { type Bucket, type Offer, offer } from "./buckets.js";

/** How many buckets with few tokens a run has. */
const SMALL_BUCKETS = 60;

/** The name of a run as its buckets have it in their values. */
export function bucketValue(run: string): string {
  return run.replace(/[^a-zA-Z0-9]+/g, "-");
}

/**
 * The load of a run, a quarter each: one hot key that is soon used up, one with tokens for the whole run, one that
 * refills, and many small ones.
 * @param run a name that no other run on these buckets has
 */
export function offersOf(run: string): (index: number) => Offer {
  const name = bucketValue(run);
  const shared = (["hot", "large", "brisk"] as const).map((key) => offer({ key, value: name }));
  const small = Array.from({ length: SMALL_BUCKETS }, (_, i) => offer({ key: "each", value: `${name}-${i}` }));
  return (index) => shared[index % 4] ?? small[Math.floor(index / 4) % SMALL_BUCKETS]!;
}

/**
 * The same, and between each two of them a request over two buckets: one that all have in common, and a small one, which
 * refuses both after three.
 */
export function mixedWithPairsOf(run: string): (index: number) => Offer {
  const name = bucketValue(run);
  const mixed = offersOf(run);
  const shared: Bucket = { key: "large", value: `${name}-pairs` };
  const pairs = Array.from({ length: SMALL_BUCKETS }, (_, i) =>
    offer(shared, { key: "each", value: `${name}-pairs-${i}` }),
  );
  return (index) => {
    const half = Math.floor(index / 2);
    return index % 2 === 0 ? mixed(half) : pairs[half % SMALL_BUCKETS]!;
  };
}
