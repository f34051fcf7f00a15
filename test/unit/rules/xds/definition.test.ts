import { expect, it } from "vitest";
import { encodeConfig } from "../../../support/rate-limit-config.js";
import { decodeConfig } from "../../../support/xds-messages.js";

it("what these tests write by field numbers is what the published definition reads", () => {
  const inner = { key: "b", limit: { unit: 7, requests: 5, name: "n", replaces: ["m"] } };
  const outer = { key: "a", value: "v", shadow: true, detailed: true, quota: true, descriptors: [inner] };
  const free = { key: "c", limit: { unlimited: true }, metadata: { owner: "x" } };
  expect(decodeConfig(encodeConfig({ name: "r", domain: "d", descriptors: [outer, free] }))).toEqual({
    name: "r",
    domain: "d",
    descriptors: [
      {
        ...{ key: "a", value: "v", shadow_mode: true, detailed_metric: true, quota_mode: true },
        descriptors: [
          { key: "b", rate_limit: { unit: "WEEK", requests_per_unit: 5, name: "n", replaces: [{ name: "m" }] } },
        ],
      },
      { key: "c", rate_limit: { unlimited: true }, metadata: { fields: { owner: { stringValue: "x" } } } },
    ],
  });
});
