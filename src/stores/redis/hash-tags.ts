import slotOf from "cluster-key-slot";

/** Slots of a Redis Cluster. */
const SLOTS = 16_384;

/**
 * Tags for keys, such as `{17}`, so that keys with the same one are in one slot and a script may use them together. Masters
 * have runs of slots next to each other as a rule: there is a tag in each equal share of the slots, so that masters
 * with equally many slots have about as many tags each. The same count gives the same tags, everywhere and always.
 * @param count 1 to 1024
 */
export function hashTags(count: number): readonly string[] {
  const tags: string[] = [];
  for (let number = 0, found = 0; found < count; number++) {
    const part = Math.floor((slotOf(String(number)) * count) / SLOTS);
    if (tags[part] !== undefined) continue;
    tags[part] = `{${number}}`;
    found += 1;
  }
  return tags;
}
