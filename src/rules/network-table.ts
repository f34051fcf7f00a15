import { readAddress } from "./address.js";
import { maskOfGroup, type Network } from "./network.js";

/** Networks of one size. */
interface SizeClass<T> {
  readonly prefixLength: number;
  /** By the prefix as text, one UTF-16 unit for each group of 16 bits: two for IPv4, eight for IPv6. */
  readonly byPrefix: Map<string, T>;
}

/** Finds the longest network that an address is in: one lookup for each size of network that there is. */
export class NetworkTable<T> {
  /** Sizes from the longest prefix down; IPv4 and IPv6 apart, so that no prefix of one is a prefix of the other. */
  readonly #sizes: { readonly [groups: number]: SizeClass<T>[] } = { 2: [], 8: [] };

  /** Adds a network without host bits; one that is there already is replaced. */
  set(network: Network, value: T): void {
    const sizes = this.#sizes[network.groups.length] as SizeClass<T>[];
    let size = sizes.find(({ prefixLength }) => prefixLength === network.prefixLength);
    if (size === undefined) {
      size = { prefixLength: network.prefixLength, byPrefix: new Map() };
      sizes.push(size);
      sizes.sort((a, b) => b.prefixLength - a.prefixLength);
    }
    size.byPrefix.set(prefixOf(network.groups, network.prefixLength), value);
  }

  /** What the longest network has that an address, written as text, is in. Text that is no address is in none. */
  find(address: string): T | undefined {
    const groups = readAddress(address);
    if (groups === undefined) return undefined;
    for (const { prefixLength, byPrefix } of this.#sizes[groups.length] as SizeClass<T>[]) {
      const found = byPrefix.get(prefixOf(groups, prefixLength));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function prefixOf(groups: readonly number[], prefixLength: number): string {
  let text = "";
  for (let i = 0; i < groups.length; i += 1) {
    text += String.fromCharCode((groups[i] as number) & maskOfGroup(i, prefixLength));
  }
  return text;
}
