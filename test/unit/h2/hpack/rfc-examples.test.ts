import { describe, expect, it } from "vitest";
import { HpackDecoder } from "../../../../src/h2/hpack/decoder.js";

type Field = [string, string];

interface Example {
  readonly hex: string;
  readonly fields: Field[];
}

/** Decodes blocks in order with one decoder whose table is as the examples have it. */
function decodeAll(examples: readonly Example[], tableBytes = 4_096): Field[][] {
  const decoder = new HpackDecoder();
  const results: Field[][] = [];
  examples.forEach(({ hex }, at) => {
    // The examples of C.5 and C.6 have a table of 256 bytes; on a connection an update says so.
    const update = at === 0 && tableBytes === 256 ? "3fe101" : "";
    const block = Buffer.from((update + hex).replaceAll(" ", ""), "hex");
    const { list } = decoder.decode(block, 0, block.length, 65_536);
    results.push(Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index]!, list[2 * index + 1]!]));
  });
  return results;
}

const REQUESTS: Field[][] = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];

const DATE_21 = "Mon, 21 Oct 2013 20:13:21 GMT";
const DATE_22 = "Mon, 21 Oct 2013 20:13:22 GMT";
const RESPONSES: Field[][] = [
  [
    [":status", "302"],
    ["cache-control", "private"],
    ["date", DATE_21],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "307"],
    ["cache-control", "private"],
    ["date", DATE_21],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", DATE_22],
    ["location", "https://www.example.com"],
    ["content-encoding", "gzip"],
    ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
  ],
];

function withHex(fields: Field[][], ...hex: string[]): Example[] {
  return fields.map((one, at) => ({ fields: one, hex: hex[at]! }));
}

describe("the examples of RFC 7541 appendix C", () => {
  it.each<[string, string, Field[]]>([
    [
      "C.2.1 literal with indexing",
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
      [["custom-key", "custom-header"]],
    ],
    ["C.2.2 literal without indexing", "040c2f73616d706c652f70617468", [[":path", "/sample/path"]]],
    ["C.2.3 literal never indexed", "100870617373776f726406736563726574", [["password", "secret"]]],
    ["C.2.4 indexed", "82", [[":method", "GET"]]],
  ])("%s", (_name, hex, fields) => {
    expect(decodeAll([{ hex, fields }])).toEqual([fields]);
  });

  it("C.3 requests without Huffman", () => {
    const examples = withHex(
      REQUESTS,
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    );
    expect(decodeAll(examples)).toEqual(REQUESTS);
  });

  it("C.4 requests with Huffman", () => {
    const examples = withHex(
      REQUESTS,
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    );
    expect(decodeAll(examples)).toEqual(REQUESTS);
  });

  it("C.5 responses without Huffman, with eviction", () => {
    const examples = withHex(
      RESPONSES,
      "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
      "4803333037c1c0bf",
      "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    );
    expect(decodeAll(examples, 256)).toEqual(RESPONSES);
  });

  it("C.6 responses with Huffman, with eviction", () => {
    const examples = withHex(
      RESPONSES,
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    );
    expect(decodeAll(examples, 256)).toEqual(RESPONSES);
  });
});
