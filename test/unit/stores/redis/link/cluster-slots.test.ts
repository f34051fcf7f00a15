import { describe, expect, it } from "vitest";
import { readClusterSlots, readRedirection } from "../../../../../src/stores/redis/link/cluster-slots.js";

const ASKED = { host: "10.0.0.9", port: 7000 };

describe("the reply of CLUSTER SLOTS", () => {
  it("says who serves what, and who else is there", () => {
    const reply = [
      [0, 5460, ["10.0.0.1", 7000, "id1", []], ["10.0.0.4", 7003, "id4", []]],
      [5461, 5461, ["node2.example", 7001, "id2", ["ip", "10.0.0.2"]]],
    ];
    expect(readClusterSlots(reply, ASKED)).toEqual({
      ranges: [
        { first: 0, last: 5460, master: { host: "10.0.0.1", port: 7000 } },
        { first: 5461, last: 5461, master: { host: "node2.example", port: 7001 } },
      ],
      nodes: [
        { host: "10.0.0.1", port: 7000 },
        { host: "10.0.0.4", port: 7003 },
        { host: "node2.example", port: 7001 },
      ],
    });
  });

  it("means the node that was asked where it names no host, and nobody where the host is unknown", () => {
    const reply = [
      [0, 1, [null, 7001, "id1", []]],
      [2, 3, ["", 7002, "id2", []], ["10.0.0.3", 7003, "id3", []]],
      [4, 5, ["?", 7002, "id2", []]],
    ];
    expect(readClusterSlots(reply, ASKED)).toEqual({
      ranges: [{ first: 0, last: 1, master: { host: "10.0.0.9", port: 7001 } }],
      nodes: [
        { host: "10.0.0.9", port: 7001 },
        { host: "10.0.0.3", port: 7003 },
      ],
    });
  });

  it.each([["OK"], [[1]], [[["__proto__", 1, ["a", 1]]]], [[[0, 16_384, ["a", 1]]]], [[[-1, 5, ["a", 1]]]]])(
    "is not %j",
    (reply) => {
      expect(readClusterSlots(reply, ASKED)).toBeUndefined();
    },
  );
});

describe("a redirection", () => {
  it.each([
    ["MOVED 3999 127.0.0.1:6381", { kind: "MOVED", slot: 3999, to: { host: "127.0.0.1", port: 6381 } }],
    ["ASK 0 node.example:6381", { kind: "ASK", slot: 0, to: { host: "node.example", port: 6381 } }],
    ["MOVED 1 ::1:6381", { kind: "MOVED", slot: 1, to: { host: "::1", port: 6381 } }],
    ["MOVED 1 :6381", { kind: "MOVED", slot: 1, to: { host: "10.0.0.9", port: 6381 } }],
  ])("is read from %j", (words, expected) => {
    expect(readRedirection(words, ASKED)).toEqual(expected);
  });

  it.each([
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "MOVED 16384 a:1",
    "MOVED x a:1",
    "ERR MOVED 1 a:1",
  ])("is not in %j", (words) => {
    expect(readRedirection(words, ASKED)).toBeUndefined();
  });
});
