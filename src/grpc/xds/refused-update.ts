import type { FaultTexts } from "../../rules/fault-texts.js";
import type { DiscoveryResponse } from "./discovery-messages.js";

/**
 * How often an update that was refused may come again. Control planes of go-control-plane, such as Envoy Gateway's, send it
 * again as soon as they hear that it was refused, for as long as there is no other; and there is none for us before they
 * have heard.
 */
export const REPEAT_MILLIS = 500;

/** For how long it is not looked at again: what made it bad may have been here and not there. */
const REMEMBERED_MILLIS = 30_000;

/** What was refused last, and why. */
export interface RefusedUpdate {
  readonly response: DiscoveryResponse;
  readonly faults: FaultTexts;
  /** On performance.now's clock. */
  readonly at: number;
}

/** Whether this was refused just now, so that there is no need to look at it again. */
export function isRefusedAgain(refused: RefusedUpdate | undefined, response: DiscoveryResponse): boolean {
  if (refused === undefined || performance.now() - refused.at > REMEMBERED_MILLIS) return false;
  const { version_info, type_url, resources } = refused.response;
  return (
    version_info === response.version_info && type_url === response.type_url && areSame(resources, response.resources)
  );
}

type Resource = DiscoveryResponse["resources"][number];

/** In any order: control planes of go-control-plane keep resources in a map, which gives another order each time. */
function areSame(some: readonly Resource[], others: readonly Resource[]): boolean {
  if (some.length !== others.length) return false;
  const left = new Map<number, Resource[]>();
  for (const resource of some) {
    const digest = digestOf(resource);
    const alike = left.get(digest);
    if (alike === undefined) left.set(digest, [resource]);
    else alike.push(resource);
  }
  return others.every((resource) => {
    const alike = left.get(digestOf(resource)) ?? [];
    const index = alike.findIndex((each) => isSame(each, resource));
    return index >= 0 && alike.splice(index, 1).length > 0;
  });
}

/** Names come first, so the beginning tells resources apart: to sort thousands by all of their bytes would take 20 ms. */
const DIGEST_BYTES = 256;
const FNV_PRIME = 0x01000193;

function digestOf({ value }: Resource): number {
  let digest = value.length;
  const end = Math.min(value.length, DIGEST_BYTES);
  for (let at = 0; at < end; at++) digest = Math.imul(digest ^ (value[at] as number), FNV_PRIME);
  return digest;
}

function isSame(a: Resource, b: Resource): boolean {
  return a.type_url === b.type_url && Buffer.compare(a.value, b.value) === 0;
}
