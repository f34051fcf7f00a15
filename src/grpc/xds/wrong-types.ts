import type { FaultTexts } from "../../rules/fault-texts.js";
import { type DiscoveryResponse, RATE_LIMIT_CONFIG } from "./discovery-messages.js";

/** A response may have thousands of resources: nobody reads of more that are wrong. */
const MOST_TOLD = 20;

/** What in a response is of another type than what was asked for, in words. */
export function findWrongTypes({ type_url, resources }: DiscoveryResponse): FaultTexts {
  if (type_url !== RATE_LIMIT_CONFIG) {
    return { texts: [`a response of type ${shown(type_url)}: only ${RATE_LIMIT_CONFIG} was asked for`], more: 0 };
  }
  const wrong = [...resources.entries()].filter(([, resource]) => resource.type_url !== RATE_LIMIT_CONFIG);
  const texts = wrong
    .slice(0, MOST_TOLD)
    .map(
      ([index, resource]) => `resource ${index} is of type ${shown(resource.type_url)} and not ${RATE_LIMIT_CONFIG}`,
    );
  return { texts, more: wrong.length - texts.length };
}

function shown(typeUrl: string): string {
  return JSON.stringify(typeUrl.slice(0, 200));
}
