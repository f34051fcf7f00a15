import type { Place } from "./read-document.js";

/** The descriptors that stand right below a place, whether valid or not, in file order. */
export function descriptorsOf(parent: Place): Iterable<Place> {
  return parent.children?.get("descriptors")?.children?.values() ?? [];
}

/** All descriptors below a place, parents before children, in file order. */
export function* allDescriptors(parent: Place): Generator<Place, void, undefined> {
  for (const descriptor of descriptorsOf(parent)) {
    yield descriptor;
    yield* allDescriptors(descriptor);
  }
}

/** The items of a descriptor's `rate_limits`, whether valid or not. */
export function limitListOf(descriptor: Place): Place[] {
  return [...(descriptor.children?.get("rate_limits")?.children?.values() ?? [])];
}

/** The limits of a descriptor, of whatever form, whether valid or not. */
export function limitsOf(descriptor: Place): Place[] {
  const { children } = descriptor;
  const single = [children?.get("rate_limit"), children?.get("token_bucket")];
  return [...single, ...limitListOf(descriptor)].filter(
    (limit) => limit !== undefined && limit.value !== null,
  ) as Place[];
}

/** What a key of a map has; undefined where it is missing or null. */
export function valueAt(map: Place, key: string): unknown {
  return map.children?.get(key)?.value ?? undefined;
}

/** Where a key of a map begins, or else the map. */
export function keyOffsetOf(map: Place, key: string): number {
  return map.children?.get(key)?.keyOffset ?? map.offset;
}

/** Where the value of a key begins, or else the map. */
export function valueOffsetOf(map: Place, key: string): number {
  return map.children?.get(key)?.offset ?? map.offset;
}
