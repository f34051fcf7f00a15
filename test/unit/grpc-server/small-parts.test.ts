import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BufferAllowance } from "../../../src/grpc-server/buffer-allowance.js";
import { DeadlineWheel, type Expiring } from "../../../src/grpc-server/deadline-wheel.js";
import { parseGrpcTimeout } from "../../../src/grpc-server/grpc-timeout.js";
import { MessageReader } from "../../../src/grpc-server/message-reader.js";
import { Metadata } from "../../../src/grpc-server/metadata.js";
import { metadataFields } from "../../../src/grpc-server/metadata-fields.js";
import { percentEncode } from "../../../src/grpc-server/percent-encoding.js";
import { statusFromError } from "../../../src/grpc-server/status.js";
import { Budget } from "../../../src/h2/budget.js";
import { grpcMessage } from "../../support/grpc/messages.js";

describe("a grpc-timeout", () => {
  it.each([
    ["2H", 7_200_000],
    ["3M", 180_000],
    ["4S", 4_000],
    ["20m", 20],
    ["500u", 0.5],
    ["1000n", 0.001],
    ["99999999H", 99_999_999 * 3_600_000],
    ["0m", 0],
  ])("of %s is %d milliseconds", (text, millis) => {
    expect(parseGrpcTimeout(text)).toBeCloseTo(millis, 9);
  });

  it.each(["", "m", "5", "5s", "-5m", "+5m", "1.5S", "123456789m", " 5m", "5m ", "5 m", "5mm", "0x5m"])(
    "is not %j",
    (text) => {
      expect(parseGrpcTimeout(text)).toBeUndefined();
    },
  );
});

describe("a status message", () => {
  it("comes back from its encoding as it was, in printable ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (message) => {
        const encoded = percentEncode(message);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeURIComponent(encoded)).toBe(message);
      }),
    );
  });

  it("is encoded as the specification says", () => {
    expect(percentEncode("50% é\n")).toBe("50%25 %C3%A9%0A");
  });
});

describe("an error of a method", () => {
  it.each<[string, unknown, object]>([
    ["with code and details", { code: 5, details: "gone" }, { code: 5, details: "gone" }],
    ["with a code and a message", Object.assign(new Error("oops"), { code: 9 }), { code: 9, details: "oops" }],
    ["without a code", new Error("oops"), { code: 2, details: "oops" }],
    ["with a code of another kind", Object.assign(new Error("oops"), { code: "ENOENT" }), { code: 2, details: "oops" }],
    ["that is no error", "words", { code: 2, details: "Unknown Error" }],
  ])("%s is a status", (_name, error, status) => {
    expect(statusFromError(error)).toMatchObject(status);
  });
});

describe("metadata", () => {
  it("is read from fields, binary values decoded with or without padding, alone or joined", () => {
    const metadata = Metadata.fromFields([
      "x-a",
      "1",
      "x-a",
      "2",
      "b-bin",
      "AAE=",
      "b-bin",
      "AAE,/w",
      "te",
      "trailers",
      "grpc-timeout",
      "1m",
    ]);
    expect(metadata.get("X-A")).toEqual(["1", "2"]);
    expect(metadata.get("b-bin")).toEqual([Buffer.from([0, 1]), Buffer.from([0, 1]), Buffer.from([255])]);
    expect(metadata.getMap()).toEqual({ "x-a": "1", "b-bin": Buffer.from([0, 1]) });
  });

  it("becomes fields, without what is not the application's or cannot be one", () => {
    const metadata = new Metadata();
    metadata.set("x-a", "1");
    metadata.add("x-a", " 2 ");
    metadata.set("x-b-bin", Buffer.from([255]));
    metadata.set("grpc-status", "0");
    metadata.set("content-type", "text/plain");
    metadata.set(":path", "/");
    metadata.set("x-line", "a\r\nb: c");
    expect(metadataFields(metadata)).toEqual([
      ["x-a", "1"],
      ["x-a", "2"],
      ["x-b-bin", "/w=="],
    ]);
  });

  it("takes bytes under names in -bin and texts under others, and nothing else", () => {
    expect(() => new Metadata().set("x-bin", "text")).toThrow("x-bin takes a Buffer");
    expect(() => new Metadata().add("x", Buffer.alloc(1))).toThrow("x takes a string");
  });

  it("is cloned, merged and removed", () => {
    const first = new Metadata();
    first.set("a", "1");
    const second = first.clone();
    second.add("a", "2");
    first.merge(second);
    expect(first.toJSON()).toEqual({ a: ["1", "1", "2"] });
    first.remove("A");
    expect(first.get("a")).toEqual([]);
    expect(second.get("a")).toEqual(["1", "2"]);
  });
});

describe("a message reader", () => {
  it("gives the messages back, however their bytes are cut", () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat({ max: 2_000 }), { maxLength: 20 }), (bodies, cuts) => {
        const all = Buffer.concat(bodies.map((body) => grpcMessage(body)));
        const allowance = new BufferAllowance(1e6, 1e6);
        const owner = {};
        const got: Buffer[] = [];
        const reader = new MessageReader(1_000, allowance, owner, (message) => got.push(Buffer.from(message)));
        const places = [0, ...cuts.map((cut) => cut % (all.length + 1)).sort((a, b) => a - b), all.length];
        for (let at = 1; at < places.length; at++)
          expect(reader.push(all, places[at - 1]!, places[at]!)).toBeUndefined();
        expect(got.map((message) => [...message])).toEqual(bodies.map((body) => [...body]));
        expect(reader.isInsideMessage).toBe(false);
        expect(allowance.take(owner, 1e6)).toBe(true);
      }),
    );
  });

  it("refuses flags that it does not know", () => {
    const reader = new MessageReader(10, new BufferAllowance(10, 10), {}, () => {});
    expect(reader.push(grpcMessage("x", 2), 0, 6)).toMatchObject({ code: 13 });
  });
});

describe("a deadline wheel", () => {
  interface Entry extends Expiring {
    firedAtMillis: number | undefined;
  }

  const entry = (expiresAtMillis: number): Entry => ({
    expiresAtMillis,
    previous: undefined,
    next: undefined,
    slot: -1,
    firedAtMillis: undefined,
    onExpired() {
      this.firedAtMillis = performance.now();
    },
  });

  it("calls each when it is due, whatever their order, and none that was removed", async () => {
    const wheel = new DeadlineWheel(() => performance.now());
    const start = performance.now();
    const entries = [120, 5, 60, 5, 1, 300, -10, 61].map((millis) => entry(start + millis));
    for (const one of entries) wheel.add(one);
    const removed = [entry(start + 60), entry(start + 61), entry(start + 200)];
    for (const one of removed) wheel.add(one);
    for (const one of removed) wheel.remove(one);
    expect(wheel.size).toBe(entries.length);
    await expect.poll(() => wheel.size, { timeout: 5_000, interval: 5 }).toBe(0);
    for (const one of entries) {
      expect(one.firedAtMillis).toBeGreaterThanOrEqual(one.expiresAtMillis);
      expect(one.firedAtMillis).toBeLessThan(Math.max(start, one.expiresAtMillis) + 150);
    }
    expect(removed.map(({ firedAtMillis }) => firedAtMillis)).toEqual([undefined, undefined, undefined]);
  });

  it("keeps one that is more than a turn away until its own turn", async () => {
    let now = 0;
    const wheel = new DeadlineWheel(() => now);
    const far = entry(10_000);
    const near = entry(10_000 % 4_096);
    wheel.add(far);
    wheel.add(near);
    now = 5_000;
    await expect.poll(() => near.firedAtMillis, { timeout: 6_000 }).toBeDefined();
    expect(far.firedAtMillis).toBeUndefined();
    expect(wheel.size).toBe(1);
    wheel.stop();
  });
});

describe("a budget", () => {
  it("is used up by the piece, and comes back with time and with work, never above its burst", () => {
    const budget = new Budget(10, 1_000, 0);
    expect(budget.spend(10, 0)).toBe(true);
    expect(budget.spend(1, 0)).toBe(false);
    expect(budget.spend(1, 2)).toBe(true);
    budget.earn(5);
    expect(budget.spend(5, 2)).toBe(true);
    expect(budget.spend(10, 1_000_000)).toBe(true);
    expect(budget.spend(1, 1_000_000)).toBe(false);
  });
});
