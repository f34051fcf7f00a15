/**
 * What is wrong where one of two settings is given without the other, as a line or none. An empty text and false count as
 * not given.
 */
export function bothOrNeither<Key extends string>(
  settings: Readonly<Record<Key, string | boolean>>,
  name: (key: Key) => string,
  [first, second]: readonly [Key, Key],
): string[] {
  if (Boolean(settings[first]) === Boolean(settings[second])) return [];
  return [`${name(first)} and ${name(second)} must be set together`];
}
