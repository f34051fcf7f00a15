import { describe, expect, it } from "vitest";
import { requestFromJson } from "../../../src/grpc/json/request-from-json.js";

const MAX_HITS = 9_007_199_254_740_991;

function errorOf(text: string): string | undefined {
  const parsed = requestFromJson(text);
  return "error" in parsed ? parsed.error : undefined;
}

/** The descriptor of a request whose only descriptor is this JSON. */
function descriptorOf(json: string) {
  const parsed = requestFromJson(`{"descriptors":[${json}]}`);
  if ("error" in parsed) throw new Error(parsed.error);
  return parsed.request.descriptors[0]!;
}

describe("reading a RateLimitRequest from JSON", () => {
  const whole = {
    domain: "shop",
    hitsAddend: 2,
    descriptors: [
      {
        entries: [{ key: "path", value: "/" }],
        limit: { requestsPerUnit: 10, unit: "week", unitMultiplier: 2 },
        hitsAddend: 0,
        isNegativeHits: true,
      },
    ],
  };

  it("takes the names of proto3 JSON", () => {
    const text = `{"domain":"shop","hitsAddend":2,"descriptors":[{"entries":[{"key":"path","value":"/"}],
      "limit":{"requestsPerUnit":10,"unit":"WEEK","unitMultiplier":2},"hitsAddend":"0","isNegativeHits":true}]}`;
    expect(requestFromJson(text)).toEqual({ request: whole });
  });

  it("takes the names of the .proto files", () => {
    const text = `{"domain":"shop","hits_addend":2,"descriptors":[{"entries":[{"key":"path","value":"/"}],
      "limit":{"requests_per_unit":10,"unit":7,"unit_multiplier":2},"hits_addend":0,"is_negative_hits":true}]}`;
    expect(requestFromJson(text)).toEqual({ request: whole });
  });

  it("takes null and what is missing for a field that was not sent", () => {
    const empty = { domain: "", descriptors: [], hitsAddend: 0 };
    expect(requestFromJson("{}")).toEqual({ request: empty });
    expect(requestFromJson('{"domain":null,"descriptors":null,"hits_addend":null}')).toEqual({ request: empty });
    expect(descriptorOf("{}")).toStrictEqual({ entries: [], isNegativeHits: false });
    expect(descriptorOf('{"limit":null,"hitsAddend":null,"entries":[{}]}')).toStrictEqual({
      entries: [{ key: "", value: "" }],
      isNegativeHits: false,
    });
    expect(descriptorOf('{"limit":{"unitMultiplier":null}}').limit).toStrictEqual({ requestsPerUnit: 0 });
  });

  it.each([
    ["0", 0],
    ['"0"', 0],
    ["-0", 0],
    ["1.0", 1],
    ["1e3", 1000],
    ['"1e3"', 1000],
    ['"25.0"', 25],
    ["9007199254740991", MAX_HITS],
    ['"9007199254740990"', MAX_HITS - 1],
    ['"9007199254740993"', MAX_HITS],
    ["18446744073709551615", MAX_HITS],
    ['"18446744073709551615"', MAX_HITS],
  ])("reads the hits %s of a descriptor as %d", (json, hits) => {
    expect(descriptorOf(`{"hitsAddend":${json}}`).hitsAddend).toBe(hits);
  });

  it.each(["UNKNOWN", 0, 8, -1, 2 ** 31 - 1])("gives an override of the unit %s no unit", (unit) => {
    expect(descriptorOf(`{"limit":{"requestsPerUnit":1,"unit":${JSON.stringify(unit)}}}`).limit).toStrictEqual({
      requestsPerUnit: 1,
    });
  });

  it.each(["SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"])("knows the unit %s", (unit) => {
    expect(descriptorOf(`{"limit":{"unit":"${unit}"}}`).limit?.unit).toBe(unit.toLowerCase());
  });

  const u32 = "must be a whole number from 0 to 4294967295";
  const u64 = "must be a whole number from 0 to 18446744073709551615";
  const units = "must be one of UNKNOWN, SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, WEEK";
  it.each([
    ["", "the body is not JSON"],
    ["{", "the body is not JSON"],
    ["null", "the request: must be an object"],
    ["[]", "the request: must be an object"],
    ['"{}"', "the request: must be an object"],
    ['{"domian":"shop"}', 'the request: has no field "domian"'],
    ['{"domian":null}', 'the request: has no field "domian"'],
    ['{"__proto__":{"domain":"shop"}}', 'the request: has no field "__proto__"'],
    ['{"domain":3}', "domain: must be a string"],
    ['{"hits_addend":1,"hitsAddend":1}', "hitsAddend: is given twice"],
    ['{"hitsAddend":-1}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":4294967296}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":1.5}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":""}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":" 1"}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":"0x10"}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":"01"}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":true}', `hitsAddend: ${u32}`],
    ['{"hitsAddend":"1e999"}', `hitsAddend: ${u32}`],
    [`{"hitsAddend":"${"0".repeat(100_000)}"}`, `hitsAddend: ${u32}`],
    ['{"descriptors":{}}', "descriptors: must be an array"],
    ['{"descriptors":[null]}', "descriptors[0]: must be an object"],
    ['{"descriptors":[{},{"entry":[]}]}', 'descriptors[1]: has no field "entry"'],
    ['{"descriptors":[{"entries":[{"key":"a"},{"key":1}]}]}', "descriptors[0].entries[1].key: must be a string"],
    ['{"descriptors":[{"entries":[{"name":"a"}]}]}', 'descriptors[0].entries[0]: has no field "name"'],
    ['{"descriptors":[{"hitsAddend":{"value":1}}]}', `descriptors[0].hitsAddend: ${u64}`],
    ['{"descriptors":[{"hitsAddend":1e20}]}', `descriptors[0].hitsAddend: ${u64}`],
    ['{"descriptors":[{"isNegativeHits":1}]}', "descriptors[0].isNegativeHits: must be true or false"],
    ['{"descriptors":[{"limit":[]}]}', "descriptors[0].limit: must be an object"],
    ['{"descriptors":[{"limit":{"unit":"minute"}}]}', `descriptors[0].limit.unit: ${units}`],
    ['{"descriptors":[{"limit":{"unit":"2"}}]}', `descriptors[0].limit.unit: ${units}`],
    ['{"descriptors":[{"limit":{"unit":1.5}}]}', `descriptors[0].limit.unit: ${units}`],
    ['{"descriptors":[{"limit":{"unit":2147483648}}]}', `descriptors[0].limit.unit: ${units}`],
    ['{"descriptors":[{"limit":{"unitMultiplier":-1}}]}', `descriptors[0].limit.unitMultiplier: ${u32}`],
    [`{"descriptors":[${"{},".repeat(1000)}{}]}`, "descriptors: has more than 1000 items"],
  ])("refuses %.60s and says where it is wrong", (text, error) => {
    expect(errorOf(text)).toBe(error);
  });
});
