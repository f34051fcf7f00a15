import { formatAddress, readGroups, unmap } from "./address.js";
import type { FaultCode } from "./fault-codes.js";
import { quote } from "./quote.js";

/** A network: all addresses that begin with the same bits. */
export interface Network {
  /** The first address, in groups of 16 bits: two for IPv4, eight for IPv6. */
  readonly groups: readonly number[];
  /** How many leading bits are common: 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
}

const WRITTEN_NETWORK = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/;

/** Reads a network such as `10.0.0.0/8`; `findNetworkFault` says what is wrong where it is none. */
export function readNetwork(text: string): Network | undefined {
  return findNetworkFault(text) === undefined ? parse(text) : undefined;
}

/** A network in its one short form. */
export function formatNetwork({ groups, prefixLength }: Network): string {
  return `${formatAddress(groups)}/${prefixLength}`;
}

/** What is wrong with a `cidr`, if anything. */
export function findNetworkFault(text: string): { code: FaultCode; message: string } | undefined {
  const network = parse(text);
  if (network === undefined) return { code: "invalid-network", message: describeNoNetwork(text) };
  const mapped = unmap(network.groups);
  if (mapped !== undefined && network.prefixLength >= 96) {
    const meant = formatNetwork(mask({ groups: mapped, prefixLength: network.prefixLength - 96 }));
    return { code: "invalid-network", message: `cidr must be written as IPv4: ${meant}, not ${quote(text)}` };
  }
  const masked = mask(network);
  if (masked.groups.every((group, i) => group === network.groups[i])) return undefined;
  const message = `cidr has an address inside the network; write the network: ${formatNetwork(masked)}`;
  return { code: "host-bits", message };
}

function parse(text: string): Network | undefined {
  const [, address, length] = WRITTEN_NETWORK.exec(text) ?? [];
  // A zone is a place of an address, not of a network.
  if (address === undefined || address.includes("%")) return undefined;
  const groups = readGroups(address);
  const prefixLength = Number(length);
  return groups !== undefined && prefixLength <= groups.length * 16 ? { groups, prefixLength } : undefined;
}

function describeNoNetwork(text: string): string {
  const groups = readGroups(text);
  const hint = groups === undefined ? "" : `; for one address write ${formatAddress(groups)}/${groups.length * 16}`;
  return `cidr must be a network such as 10.0.0.0/8 or 2001:db8::/32, not ${quote(text)}${hint}`;
}

function mask({ groups, prefixLength }: Network): Network {
  return { groups: groups.map((group, index) => group & maskOfGroup(index, prefixLength)), prefixLength };
}

/** The bits of a group of 16 that belong to the prefix. */
export function maskOfGroup(index: number, prefixLength: number): number {
  const bits = Math.min(Math.max(prefixLength - index * 16, 0), 16);
  return (0xffff << (16 - bits)) & 0xffff;
}
