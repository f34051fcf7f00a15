/** FNV-1a, by Fowler, Noll and Vo: 32 bits of a key, spread well enough to deal keys out to parts of a table or to lanes. */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  // The low bits depend on the low bits of the characters only: fold the others in.
  return (hash ^ (hash >>> 15)) >>> 0;
}
