import type { HostPort } from "./redis-address.js";

/** Slots that one master serves. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly master: HostPort;
}

/** Who serves what in a Cluster, as one of its nodes sees it. */
export interface ClusterLayout {
  readonly ranges: readonly SlotRange[];
  /** Masters and replicas. */
  readonly nodes: readonly HostPort[];
}

/** Slots of a Redis Cluster. */
export const SLOTS = 16_384;

/**
 * Reads the reply of CLUSTER SLOTS.
 * @param asked the node that replied: one without a host of its own is there too
 * @returns undefined when it is not such a reply
 */
export function readClusterSlots(reply: unknown, asked: HostPort): ClusterLayout | undefined {
  if (!Array.isArray(reply)) return undefined;
  const ranges: SlotRange[] = [];
  const nodes: HostPort[] = [];
  for (const range of reply as unknown[]) {
    if (!Array.isArray(range)) return undefined;
    const [first, last, ...places] = range as unknown[];
    const found = places.map((place) => readPlace(place, asked));
    const [master] = found;
    if (!isSlot(first) || !isSlot(last)) return undefined;
    for (const node of found) if (node !== undefined) nodes.push(node);
    // A master whose host nobody knows cannot be reached: its slots are served by nobody.
    if (master !== undefined) ranges.push({ first, last, master });
  }
  return { ranges, nodes };
}

/** Where MOVED and ASK send us; undefined for other words. */
export function readRedirection(
  words: string,
  asked: HostPort,
): { kind: "MOVED" | "ASK"; slot: number; to: HostPort } | undefined {
  const [, kind, digits, host, port] = /^(MOVED|ASK) (\d{1,5}) (\S*):(\d{1,5})$/.exec(words) ?? [];
  const slot = Number(digits);
  if (kind === undefined || host === undefined || !isSlot(slot)) return undefined;
  return { kind: kind as "MOVED" | "ASK", slot, to: { host: host === "" ? asked.host : host, port: Number(port) } };
}

function readPlace(place: unknown, asked: HostPort): HostPort | undefined {
  if (!Array.isArray(place)) return undefined;
  const [host, port] = place as unknown[];
  if (typeof port !== "number") return undefined;
  if (host === null) return { host: asked.host, port };
  return typeof host === "string" && host !== "" && host !== "?" ? { host, port } : undefined;
}

function isSlot(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < SLOTS;
}
