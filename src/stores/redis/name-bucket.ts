/** The longest key that an error message shows whole. */
const MAX_KEY_SHOWN = 200;

/** The script says which bucket it could not use by its number among the keys; the operator needs the key. */
export function nameBucket(words: string, keys: readonly string[]): string {
  const [tail, number] = /\(bucket (\d+)\)$/.exec(words) ?? [];
  const key = keys[Number(number) - 1];
  if (tail === undefined || key === undefined) return words;
  const shown = key.length > MAX_KEY_SHOWN ? `${key.slice(0, MAX_KEY_SHOWN)}...` : key;
  return `${words.slice(0, -tail.length)}(key ${JSON.stringify(shown)})`;
}
