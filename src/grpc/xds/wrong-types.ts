import type { FaultTexts } from "../../rules/fault-texts.js";
import { type DiscoveryResponse, RATE_LIMIT_CONFIG } from "./discovery-messages.js";

/** A response may have thousands of resources: nobody reads of more that are wrong. */
const MOST_TOLD = 20;

/** What is wrong with a response of a type that was not asked for, in words; undefined: it is of the right one. */
export function findUnaskedType({ type_url }: DiscoveryResponse): FaultTexts | undefined {
  if (type_url === RATE_LIMIT_CONFIG) return undefined;
  return { texts: [`a response of type ${shown(type_url)}, but only ${RATE_LIMIT_CONFIG} was requested`], more: 0 };
}

/** Which resources of a response are of another type than what was asked for, in words. */
export function findWrongTypes({ resources }: DiscoveryResponse): FaultTexts {
  const wrong = [...resources.entries()].filter(([, resource]) => resource.type_url !== RATE_LIMIT_CONFIG);
  const texts = wrong
    .slice(0, MOST_TOLD)
    .map(([index, resource]) => `resource ${index} is of type ${shown(resource.type_url)}, not ${RATE_LIMIT_CONFIG}`);
  return { texts, more: wrong.length - texts.length };
}

function shown(typeUrl: string): string {
  return JSON.stringify(typeUrl.slice(0, 200));
}
