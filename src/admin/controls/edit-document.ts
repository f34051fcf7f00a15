import { ApiError } from "../api/api-route.js";
import { type AdminOverride, type ControlDocument, type Decree, writeDocument } from "./control-document.js";

/** Overrides in force at a time: they are for exceptions. */
const MAX_OVERRIDES = 1_000;

/** All that is decided, as text: replicas read it whenever it changes. */
const MAX_TEXT_LENGTH = 1_048_576;

/** The override of exactly this descriptor, if there is one. */
export function findOverride(
  { overrides }: ControlDocument,
  { domain, descriptor }: Pick<AdminOverride, "domain" | "descriptor">,
): AdminOverride | undefined {
  const wanted = JSON.stringify(descriptor);
  return overrides.find((each) => each.domain === domain && JSON.stringify(each.descriptor) === wanted);
}

/** @throws ApiError when the descriptor has one, or there are too many */
export function withOverride(document: ControlDocument, override: AdminOverride): ControlDocument {
  const known = findOverride(document, override);
  if (known !== undefined) {
    throw new ApiError(409, `the descriptor has an override already: end ${known.id} first`, "descriptor");
  }
  const added = { ...document, overrides: [...document.overrides, override] };
  if (added.overrides.length > MAX_OVERRIDES || writeDocument(added).length > MAX_TEXT_LENGTH) {
    const words = `there are ${document.overrides.length} overrides already, as many as are kept`;
    throw new ApiError(409, `${words}: end some, or write a rule`);
  }
  return added;
}

/** @throws ApiError when there is no such override */
export function withoutOverride(document: ControlDocument, id: string): ControlDocument {
  const overrides = document.overrides.filter((override) => override.id !== id);
  if (overrides.length === document.overrides.length) throw new ApiError(404, "no override has this id", "id");
  return { ...document, overrides };
}

export function paused(document: ControlDocument, pause: Decree): ControlDocument {
  return { ...document, pause };
}

export function resumed({ overrides }: ControlDocument): ControlDocument {
  return { overrides };
}
