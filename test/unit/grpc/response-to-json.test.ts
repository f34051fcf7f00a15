import { describe, expect, it } from "vitest";
import { responseToJson } from "../../../src/grpc/json/response-to-json.js";

describe("writing a RateLimitResponse in JSON", () => {
  it("writes it as Go's protojson does", () => {
    const json = responseToJson({
      overallCode: "OVER_LIMIT",
      statuses: [
        {
          code: "OVER_LIMIT",
          currentLimit: { requestsPerUnit: 60, unit: "month", unitMultiplier: 3, name: "quarterly" },
          limitRemaining: 7,
          durationUntilResetSeconds: 3,
        },
        { code: "OK" },
      ],
      dynamicMetadata: { metadata: { list: [null, 1.5, { deep: true }] } },
      denyResponse: { body: "slow", headers: [{ key: "x-a", value: "1" }] },
      responseHeaders: [{ key: "retry-after", value: "3" }],
    });
    expect(json).toStrictEqual({
      overallCode: "OVER_LIMIT",
      statuses: [
        {
          code: "OVER_LIMIT",
          currentLimit: { requestsPerUnit: 60, unit: "MONTH", name: "quarterly", unitMultiplier: 3 },
          limitRemaining: 7,
          durationUntilReset: "3s",
        },
        { code: "OK" },
      ],
      responseHeadersToAdd: [
        { key: "x-a", value: "1" },
        { key: "retry-after", value: "3" },
      ],
      rawBody: "c2xvdw==",
      dynamicMetadata: { metadata: { list: [null, 1.5, { deep: true }] } },
    });
  });

  it("leaves out what has its default value, but not a duration of 0, which is a message", () => {
    const json = responseToJson({
      overallCode: "OK",
      statuses: [
        {
          code: "OK",
          currentLimit: { requestsPerUnit: 0, unit: "second", name: "" },
          limitRemaining: 0,
          durationUntilResetSeconds: 0,
        },
      ],
    });
    expect(json).toStrictEqual({
      overallCode: "OK",
      statuses: [{ code: "OK", currentLimit: { unit: "SECOND" }, durationUntilReset: "0s" }],
    });
    expect(responseToJson({ overallCode: "OK", statuses: [] })).toStrictEqual({ overallCode: "OK" });
  });
});
