import { inTurns } from "../../in-turns.js";
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

/**
 * Whether this was refused just now, so that there is no need to look at it again. Thousands of resources are compared a
 * few at a time, between decisions.
 */
export async function isRefusedAgain(
  refused: RefusedUpdate | undefined,
  response: DiscoveryResponse,
): Promise<boolean> {
  if (refused === undefined || performance.now() - refused.at > REMEMBERED_MILLIS) return false;
  const { version_info, resources } = refused.response;
  if (version_info !== response.version_info) return false;
  if (resources.length !== response.resources.length) return false;
  const left = new ResourcesLeft();
  await inTurns(left.take(resources, response.resources));
  return left.areNone;
}

type Resource = DiscoveryResponse["resources"][number];

/** Compares in any order: control planes of go-control-plane keep resources in a map, which gives another order each time. */
class ResourcesLeft {
  readonly #byDigest = new Map<number, Resource[]>();
  /** None of those before, and nothing new. */
  areNone = false;

  /** @param others as many */
  *take(some: readonly Resource[], others: readonly Resource[]): Generator<void> {
    for (const resource of some) {
      const digest = digestOf(resource);
      const alike = this.#byDigest.get(digest);
      if (alike === undefined) this.#byDigest.set(digest, [resource]);
      else alike.push(resource);
      yield;
    }
    for (const resource of others) {
      const alike = this.#byDigest.get(digestOf(resource)) ?? [];
      const index = alike.findIndex((each) => isSame(each, resource));
      if (index < 0) return;
      alike.splice(index, 1);
      yield;
    }
    this.areNone = true;
  }
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
