import { describe, expect, it } from "vitest";
import type { CurrentLimit, Decision } from "../../../src/engine/decision.js";
import { RATE_LIMIT_METHODS } from "../../../src/grpc/rate-limit-definition.js";
import type { JsonValue } from "../../../src/rules/rule.js";
import type { Unit } from "../../../src/rules/unit.js";
import { bytesField, doubleField, numberField } from "../../support/grpc-wire.js";

const { responseSerialize } = RATE_LIMIT_METHODS.ShouldRateLimit;

/** What proto3 writes or leaves out for 0 is the writer's choice; these are the fields in order, as protobuf sorts them. */
function expectBytes(decision: Decision, ...parts: Buffer[]): void {
  expect(Buffer.from(responseSerialize(decision)).toString("hex")).toBe(Buffer.concat(parts).toString("hex"));
}

function limitOf(unit: Unit): CurrentLimit {
  return { requestsPerUnit: 1, unit };
}

describe("encoding a RateLimitResponse", () => {
  it("writes a rule's own headers, then those of its limits, then the body", () => {
    expectBytes(
      {
        overallCode: "OVER_LIMIT",
        statuses: [],
        denyResponse: { headers: [{ key: "x-a", value: "1" }], body: "no" },
        responseHeaders: [{ key: "retry-after", value: "30" }],
      },
      numberField(1, 2),
      bytesField(3, bytesField(1, "x-a"), bytesField(2, "1")),
      bytesField(3, bytesField(1, "retry-after"), bytesField(2, "30")),
      bytesField(5, "no"),
    );
    expectBytes(
      { overallCode: "OK", statuses: [], responseHeaders: [{ key: "ratelimit", value: "x" }] },
      numberField(1, 1),
      bytesField(3, bytesField(1, "ratelimit"), bytesField(2, "x")),
    );
  });

  it("writes every field under its number", () => {
    const limit = bytesField(
      2,
      numberField(1, 60),
      numberField(2, 3),
      bytesField(3, "per-hour"),
      bytesField(4, numberField(1, 6)),
    );
    expectBytes(
      {
        overallCode: "OVER_LIMIT",
        statuses: [
          {
            code: "OVER_LIMIT",
            currentLimit: { requestsPerUnit: 60, unit: "hour", unitMultiplier: 6, name: "per-hour" },
            limitRemaining: 4_294_967_295,
            durationUntilResetSeconds: 31_536_000,
          },
          { code: "OK" },
        ],
        dynamicMetadata: { team: "web" },
        denyResponse: { body: "slow", headers: [{ key: "x-a", value: "1" }] },
      },
      numberField(1, 2),
      bytesField(2, numberField(1, 2), limit, numberField(3, 4_294_967_295), bytesField(4, numberField(1, 31_536_000))),
      bytesField(2, numberField(1, 1)),
      bytesField(3, bytesField(1, "x-a"), bytesField(2, "1")),
      bytesField(5, "slow"),
      bytesField(6, bytesField(1, bytesField(1, "team"), bytesField(2, bytesField(3, "web")))),
    );
  });

  it("writes nothing but the code where there is nothing else", () => {
    expectBytes({ overallCode: "OK", statuses: [] }, numberField(1, 1));
  });

  it.each<[Unit, number]>([
    ["second", 1],
    ["minute", 2],
    ["hour", 3],
    ["day", 4],
    ["month", 5],
    ["year", 6],
    ["week", 7],
  ])("writes the unit %s as %d", (unit, number) => {
    const limit = bytesField(2, numberField(1, 1), numberField(2, number));
    const status = bytesField(2, numberField(1, 1), limit);
    expectBytes(
      { overallCode: "OK", statuses: [{ code: "OK", currentLimit: limitOf(unit) }] },
      numberField(1, 1),
      status,
    );
  });

  it.each<[string, JsonValue, Buffer]>([
    ["null", null, numberField(1, 0)],
    ["a number", -1.5, doubleField(2, -1.5)],
    ["0", 0, doubleField(2, 0)],
    ["text", "a", bytesField(3, "a")],
    ["no text", "", bytesField(3)],
    ["true", true, numberField(4, 1)],
    ["false", false, numberField(4, 0)],
    ["an object", { b: true }, bytesField(5, bytesField(1, bytesField(1, "b"), bytesField(2, numberField(4, 1))))],
    ["an empty object", {}, bytesField(5)],
    [
      "a list",
      [null, ["x"]],
      bytesField(6, bytesField(1, numberField(1, 0)), bytesField(1, bytesField(6, bytesField(1, bytesField(3, "x"))))),
    ],
    ["an empty list", [], bytesField(6)],
  ])("writes %s in the dynamic metadata as a Value", (_what, value, encoded) => {
    const field = bytesField(1, bytesField(1, "k"), bytesField(2, encoded));
    expectBytes(
      { overallCode: "OK", statuses: [], dynamicMetadata: { k: value } },
      numberField(1, 1),
      bytesField(6, field),
    );
  });

  it("writes metadata under a key that is the name of an object property", () => {
    const dynamicMetadata = JSON.parse('{"__proto__":"x"}');
    const field = bytesField(1, bytesField(1, "__proto__"), bytesField(2, bytesField(3, "x")));
    expectBytes({ overallCode: "OK", statuses: [], dynamicMetadata }, numberField(1, 1), bytesField(6, field));
  });
});
