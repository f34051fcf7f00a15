import { expect, it } from "vitest";
import { RATE_LIMIT_CONFIG } from "../../../../src/grpc/xds/discovery-messages.js";
import { findWrongTypes } from "../../../../src/grpc/xds/wrong-types.js";

const response = (...types: string[]) => ({
  version_info: "1",
  nonce: "n",
  type_url: RATE_LIMIT_CONFIG,
  resources: types.map((type_url) => ({ type_url, value: new Uint8Array() })),
});

it("nothing is wrong with what was asked for", () => {
  expect(findWrongTypes(response(RATE_LIMIT_CONFIG, RATE_LIMIT_CONFIG))).toEqual({ texts: [], more: 0 });
});

it("of very many resources that are of another type the first are told, and how many more there are", () => {
  const { texts, more } = findWrongTypes(response(RATE_LIMIT_CONFIG, ...Array<string>(1_000).fill("other")));
  expect(texts).toHaveLength(20);
  expect(texts[0]).toBe(`resource 1 is of type "other", not ${RATE_LIMIT_CONFIG}`);
  expect(more).toBe(980);
});
