import { isIPv4, isIPv6 } from "node:net";

/** No address is written longer, not even one with a zone. */
const LONGEST_ADDRESS = 100;

/** What the first 96 bits of an IPv4 address in IPv6 clothes are (`::ffff:10.0.0.1`), in groups of 16. */
const MAPPED_GROUPS = [0, 0, 0, 0, 0, 0xffff];

/**
 * An address as text, as groups of 16 bits: two for IPv4, eight for IPv6, without its zone (`%eth0`). Undefined for
 * anything else.
 */
export function readGroups(text: string): readonly number[] | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  if (isIPv4(text)) return groupsOfIPv4(text);
  return isIPv6(text) ? groupsOfIPv6(text) : undefined;
}

/** The IPv4 address in an IPv4-mapped IPv6 one, if it is one. */
export function unmap(groups: readonly number[]): readonly number[] | undefined {
  return groups.length === 8 && MAPPED_GROUPS.every((group, i) => group === groups[i]) ? groups.slice(6) : undefined;
}

/** An address of a request: IPv4-mapped IPv6 is IPv4. */
export function readAddress(text: string): readonly number[] | undefined {
  const groups = readGroups(text);
  return groups === undefined ? undefined : (unmap(groups) ?? groups);
}

/** An address in its one short form: IPv6 in lower case with the longest run of zeros as `::` (RFC 5952). */
export function formatAddress(groups: readonly number[]): string {
  if (groups.length === 2) return groups.flatMap((group) => [group >> 8, group & 0xff]).join(".");
  const { start, length } = longestZeros(groups);
  const texts = groups.map((group) => group.toString(16));
  if (length < 2) return texts.join(":");
  return `${texts.slice(0, start).join(":")}::${texts.slice(start + length).join(":")}`;
}

function groupsOfIPv4(text: string): readonly number[] {
  const [a, b, c, d] = text.split(".").map(Number) as [number, number, number, number];
  return [(a << 8) | b, (c << 8) | d];
}

function groupsOfIPv6(text: string): readonly number[] {
  const [address] = text.split("%") as [string];
  const [head, tail] = address.split("::") as [string, string | undefined];
  const before = groupsOfPart(head);
  if (tail === undefined) return before;
  const after = groupsOfPart(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function groupsOfPart(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((piece) => (piece.includes(".") ? groupsOfIPv4(piece) : Number.parseInt(piece, 16)));
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, index) => {
    length = group === 0 ? length + 1 : 0;
    if (length > longest.length) longest = { start: index - length + 1, length };
  });
  return longest;
}
