import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { Decision } from "../../src/engine/decision.js";
import { EngineError } from "../../src/engine/engine-error.js";
import type { EngineCaller, RateLimitRequest } from "../../src/engine/request.js";
import { engineUnderTest } from "../support/engine-under-test.js";
import { GrpcClient, type Message } from "../support/grpc-client.js";
import { type Decide, SERVER_KINDS, type Servers, startServers } from "../support/grpc-servers.js";
import { bytesField } from "../support/grpc-wire.js";

let servers: Servers | undefined;

describe.each(SERVER_KINDS)("on the %s server", (kind) => {
  afterEach(async () => {
    await servers?.close();
    servers = undefined;
  });

  async function serve(decide: Decide): Promise<Servers> {
    servers = await startServers(decide, {}, kind);
    return servers;
  }

  /** An engine that lets everything through and remembers what it was asked. */
  function openEngine() {
    const asked: RateLimitRequest[] = [];
    const budgets: number[] = [];
    const decide = (request: RateLimitRequest, caller?: EngineCaller): Decision => {
      asked.push(request);
      budgets.push(caller?.remainingMillis ?? Number.NaN);
      return { overallCode: "OK", statuses: request.descriptors.map(() => ({ code: "OK" })) };
    };
    return { asked, budgets, decide };
  }

  const REQUEST = { domain: "shop", descriptors: [{ entries: [{ key: "path", value: "/" }] }] };

  /** A descriptor of so many entries with values of so many bytes. */
  function wideDescriptor(entries: number, valueBytes: number): Message {
    return { entries: Array.from({ length: entries }, (_, i) => ({ key: `k${i}`, value: "x".repeat(valueBytes) })) };
  }

  describe("ShouldRateLimit over gRPC", () => {
    it("carries every field of the request to the engine", async () => {
      const engine = openEngine();
      const { client } = await serve(engine.decide);
      const limit = { requests_per_unit: 9, unit: "WEEK", unit_multiplier: { value: 0 } };
      const hits_addend = { value: "9007199254740990" };
      const entries = [
        { key: "a", value: "" },
        { key: "ключ", value: "значение\u0000\n" },
      ];
      const descriptors = [{ entries, limit, hits_addend, is_negative_hits: true }, { hits_addend: { value: 0 } }, {}];
      await client.shouldRateLimit({ domain: "shop", hits_addend: 3, descriptors });
      expect(engine.asked).toStrictEqual([
        {
          domain: "shop",
          hitsAddend: 3,
          descriptors: [
            {
              entries,
              limit: { requestsPerUnit: 9, unit: "week", unitMultiplier: 0 },
              hitsAddend: 9_007_199_254_740_990,
              isNegativeHits: true,
            },
            { entries: [], hitsAddend: 0, isNegativeHits: false },
            { entries: [], isNegativeHits: false },
          ],
        },
      ]);
    });

    it("carries every field of the decision to the caller", async () => {
      const currentLimit = { requestsPerUnit: 60, unit: "day", unitMultiplier: 2, name: "daily" } as const;
      const { client } = await serve(() => ({
        overallCode: "OVER_LIMIT",
        statuses: [
          { code: "OVER_LIMIT", currentLimit, limitRemaining: 4_294_967_295, durationUntilResetSeconds: 86_400 },
          { code: "OK" },
        ],
        dynamicMetadata: { metadata: { tier: "gold", seats: 3, tags: [null, false] } },
      }));
      const tags = { listValue: { values: [{ nullValue: "NULL_VALUE" }, { boolValue: false }] } };
      expect(await client.shouldRateLimit(REQUEST)).toMatchObject({
        overall_code: "OVER_LIMIT",
        statuses: [
          {
            code: "OVER_LIMIT",
            current_limit: { requests_per_unit: 60, unit: "DAY", unit_multiplier: { value: 2 }, name: "daily" },
            limit_remaining: 4_294_967_295,
            duration_until_reset: { seconds: "86400", nanos: 0 },
          },
          { code: "OK", current_limit: null, limit_remaining: 0, duration_until_reset: null },
        ],
        dynamic_metadata: {
          fields: {
            metadata: {
              structValue: { fields: { tier: { stringValue: "gold" }, seats: { numberValue: 3 }, tags } },
            },
          },
        },
      });
    });

    it("answers with what a real engine and its rules decide", async () => {
      const { engine } = engineUnderTest(
        "domain: shop\ndescriptors: [{ key: path, rate_limit: { requests_per_unit: 2, unit: hour } }]",
      );
      const { client } = await serve((request, caller) => engine.decide(request, caller));
      const codes: unknown[] = [];
      for (let call = 0; call < 3; call++) codes.push((await client.shouldRateLimit(REQUEST)).overall_code);
      expect(codes).toEqual(["OK", "OK", "OVER_LIMIT"]);
      await expect(client.shouldRateLimit({ domain: "shop" })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    });

    it("tells the engine how long the caller still waits", async () => {
      const engine = openEngine();
      const { client } = await serve(engine.decide);
      await client.shouldRateLimit(REQUEST, { deadline: Date.now() + 20_000 });
      await client.shouldRateLimit(REQUEST);
      const [withDeadline, without] = engine.budgets;
      expect(withDeadline).toBeGreaterThan(10_000);
      expect(withDeadline).toBeLessThanOrEqual(20_000);
      expect(without).toBe(Number.POSITIVE_INFINITY);
    });

    it("answers the next call after one whose deadline passed while the engine was busy", async () => {
      const engine = openEngine();
      let calls = 0;
      const { client } = await serve((request) => (calls++ === 0 ? new Promise(() => {}) : engine.decide(request)));
      const late = client.shouldRateLimit(REQUEST, { deadline: Date.now() + 50 });
      await expect(late).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
      expect(await client.shouldRateLimit(REQUEST)).toMatchObject({ overall_code: "OK" });
    });
  });

  describe("what goes wrong over gRPC", () => {
    it.each([
      [new EngineError("invalid_request", "no domain"), status.INVALID_ARGUMENT, "no domain"],
      [new EngineError("store_failure", "redis is gone"), status.UNAVAILABLE, "redis is gone"],
      [new EngineError("cancelled", "the caller has gone"), status.CANCELLED, "the caller has gone"],
      [new TypeError("secret"), status.INTERNAL, "internal error"],
    ])("turns the engine's %s into a status, and the next call is answered", async (error, code, details) => {
      const engine = openEngine();
      let calls = 0;
      const { client } = await serve((request) => (calls++ === 0 ? Promise.reject(error) : engine.decide(request)));
      await expect(client.shouldRateLimit(REQUEST)).rejects.toMatchObject({ code, details });
      expect(await client.shouldRateLimit(REQUEST)).toMatchObject({ overall_code: "OK" });
    });

    it("answers INTERNAL when the decision cannot be written down", async () => {
      const broken = { overallCode: "OK", statuses: null } as unknown as Decision;
      const { client } = await serve(() => broken);
      await expect(client.shouldRateLimit(REQUEST)).rejects.toMatchObject({ code: status.INTERNAL });
    });

    it.each([
      ["noise", Buffer.from("ffffffffffffffffffffff", "hex")],
      ["a length beyond the end", Buffer.from([0x0a, 0x7f, 0x61])],
      ["groups without end", Buffer.alloc(100_000, 0x0b)],
      ["descriptors that nest themselves", nested(2_000)],
    ])("answers %s with a status or a response, and the next call as ever", async (_what, garbage) => {
      const engine = openEngine();
      const { client } = await serve(engine.decide);
      const answer = await client.shouldRateLimitBytes(garbage).catch((error: { code: number }) => error.code);
      expect([status.INTERNAL, "object"]).toContain(typeof answer === "number" ? answer : typeof answer);
      expect(await client.shouldRateLimit(REQUEST)).toMatchObject({ overall_code: "OK" });
    });

    it("refuses 100 descriptors of 100 entries with 4 KiB values, which is beyond 4 MiB, and answers the next call", async () => {
      const engine = openEngine();
      const { client } = await serve(engine.decide);
      const descriptors = Array.from({ length: 100 }, () => wideDescriptor(100, 4096));
      const refused = client.shouldRateLimit({ domain: "shop", descriptors });
      await expect(refused).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      expect(await client.shouldRateLimit(REQUEST)).toMatchObject({ overall_code: "OK" });
      expect(engine.asked).toHaveLength(1);
    });

    it("answers 100 descriptors of 100 entries that are just within 4 MiB", async () => {
      const engine = openEngine();
      const { client } = await serve(engine.decide);
      const descriptors = Array.from({ length: 100 }, () => wideDescriptor(100, 400));
      const { statuses } = await client.shouldRateLimit({ domain: "shop", descriptors });
      expect(statuses).toHaveLength(100);
      expect(engine.asked[0]?.descriptors[99]?.entries[99]?.value).toHaveLength(400);
    });

    it("refuses a small message that unpacks to more than 4 MiB", async () => {
      const engine = openEngine();
      const { client, grpcPort } = await serve(engine.decide);
      const gzip = new GrpcClient(grpcPort, { "grpc.default_compression_algorithm": 2 });
      const refused = gzip.shouldRateLimit({ domain: "x".repeat(40_000_000) });
      await expect(refused).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      expect(await gzip.shouldRateLimit(REQUEST)).toMatchObject({ overall_code: "OK" });
      gzip.close();
      expect(await client.shouldRateLimit(REQUEST)).toMatchObject({ overall_code: "OK" });
    });
  });

  /** A field of every message in the request, put into itself so many times. */
  function nested(depth: number): Buffer {
    let message = bytesField(2);
    for (let level = 0; level < depth; level++) message = bytesField(2, message);
    return message;
  }
});
