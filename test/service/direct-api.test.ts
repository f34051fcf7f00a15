import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { Decision } from "../../src/engine/decision.js";
import type { EngineSettings } from "../../src/engine/engine.js";
import { createEngines, type Engines } from "../../src/engine/engines.js";
import { MemoryStore } from "../../src/stores/memory/memory-store.js";
import { type Charge, type Store, StoreFailure, type Verdict } from "../../src/stores/store.js";
import { DirectClient, limitRequest } from "../support/direct-client.js";
import { DEFAULT_SETTINGS, RecordedEvents, rulesOf } from "../support/engine-under-test.js";
import type { Message } from "../support/grpc-client.js";
import { SERVER_KINDS, type Servers, startServers } from "../support/grpc-servers.js";
import { bytesField, numberField } from "../support/grpc-wire.js";

const RULES = `
domain: test
descriptors:
  - key: user
    rate_limit: { requests_per_unit: 60, unit: hour, unit_multiplier: 2, burst: 3, name: per-user }
  - key: tenant
    rate_limit: { requests_per_unit: 2, unit: minute }
  - key: several
    rate_limits:
      - { requests_per_unit: 9, unit: second, name: fast }
      - { requests_per_unit: 2, unit: hour, name: slow }
  - { key: open, rate_limit: { unlimited: true } }
  - { key: banned, rate_limit: { requests_per_unit: 0, unit: day } }
  - { key: trial, shadow_mode: true, rate_limit: { requests_per_unit: 1, unit: hour } }
  - { key: quota, value: own, quota_mode: true, rate_limit: { requests_per_unit: 1, unit: hour, name: own } }
  - { key: quota, value: shared, quota_mode: true, rate_limit: { requests_per_unit: 5, unit: hour, name: shared } }
  - { key: api_key, detailed_metric: true, rate_limit: { requests_per_unit: 5, unit: week } }
`;

/** A memory store whose clock the test moves, and which fails when it is told to. */
class TestStore extends MemoryStore {
  readonly clock: { nowMicros: number };
  fails = false;

  constructor(clock = { nowMicros: 1_795_392_000_000_000 }) {
    super({ nowMicros: () => clock.nowMicros });
    this.clock = clock;
  }

  override decide(charges: readonly Charge[]): Verdict {
    if (this.fails) throw new StoreFailure("unavailable", "gone");
    return super.decide(charges);
  }
}

let servers: Servers | undefined;
let client: DirectClient | undefined;

afterEach(async () => {
  client?.close();
  await servers?.close();
  servers = undefined;
});

describe.each(SERVER_KINDS)("the direct API on the %s server", (kind) => {
  async function serve(settings: Partial<EngineSettings> = {}) {
    const store = new TestStore();
    const events = new RecordedEvents();
    const rules = rulesOf(RULES);
    const engines: Engines = createEngines({
      rules: () => rules,
      store: store as Store,
      localStore: new MemoryStore({ nowMicros: () => store.clock.nowMicros }),
      settings: { ...DEFAULT_SETTINGS, ...settings },
      events,
    });
    servers = await startServers((request, caller) => engines.proxies.decide(request, caller), {}, kind, {
      check: (request, caller) => engines.direct.decide(request, caller),
      look: (request, caller) => engines.look.decide(request, caller),
    });
    client = new DirectClient(servers.grpcPort);
    const api = client;
    return {
      store,
      events,
      check: (entries: Record<string, string>, more?: Message) => api.checkLimit(limitRequest(entries, more)),
      status: (entries: Record<string, string>, more?: Message) => api.getStatus(limitRequest(entries, more)),
      client: api,
      proxy: servers.client,
    };
  }

  it("takes hits until the limit refuses, and tells the limit, what is left and when to come back", async () => {
    const { check, store } = await serve();
    const limit = { requests_per_unit: 60, unit: "UNIT_HOUR", unit_multiplier: 2, name: "per-user", burst: 3 };
    expect(await check({ user: "ada" }, { hits: 2 })).toEqual({
      allowed: true,
      limit,
      remaining: 1,
      retry_after: null,
      reset_after: { seconds: 240, nanos: 0 },
      rule: "user",
      degraded: false,
    });
    store.clock.nowMicros += 30_250_000;
    expect(await check({ user: "ada" }, { hits: 2 })).toEqual({
      allowed: false,
      limit,
      remaining: 1,
      retry_after: { seconds: 89, nanos: 750_000_000 },
      reset_after: { seconds: 209, nanos: 750_000_000 },
      rule: "user",
      degraded: false,
    });
    store.clock.nowMicros += 89_750_000;
    expect(await check({ user: "ada" }, { hits: 2 })).toMatchObject({ allowed: true, remaining: 0 });
  });

  it("shares its buckets with Envoy's calls", async () => {
    const { check, proxy } = await serve();
    await check({ user: "ada" }, { hits: 2 });
    const request = { domain: "test", descriptors: [{ entries: [{ key: "user", value: "ada" }] }] };
    expect(await proxy.shouldRateLimit(request)).toMatchObject({
      overall_code: "OK",
      statuses: [{ limit_remaining: 0 }],
    });
    expect(await check({ user: "ada" })).toMatchObject({ allowed: false, remaining: 0 });
  });

  it("looks without taking: GetStatus says what CheckLimit would answer, and counts nowhere", async () => {
    const { check, status: look, events } = await serve();
    await check({ user: "ada" });
    const told = events.descriptors.length;
    for (let i = 0; i < 5; i++) expect(await look({ user: "ada" })).toMatchObject({ allowed: true, remaining: 2 });
    const refused = await look({ user: "ada" }, { hits: 3 });
    expect(refused).toMatchObject({ allowed: false, remaining: 2, retry_after: { seconds: 120, nanos: 0 } });
    expect(await look({ user: "ada" }, { hits: 3 })).toEqual(refused);
    expect(events.descriptors).toHaveLength(told);
    expect(events.requests).toEqual(["ok"]);
    expect(await check({ user: "ada" }, { hits: 3 })).toEqual(refused);
    expect(await check({ user: "ada" }, { hits: 2 })).toMatchObject({ allowed: true, remaining: 0 });
  });

  it("takes from all descriptors or from none, and tells the one that refuses", async () => {
    const { client: api, status: look } = await serve();
    const entry = (key: string) => ({ entries: [{ key, value: "a" }] });
    const both = { domain: "test", descriptors: [entry("user"), entry("tenant")] };
    for (let i = 0; i < 2; i++) expect(await api.checkLimit(both)).toMatchObject({ allowed: true });
    expect(await api.checkLimit(both)).toMatchObject({
      allowed: false,
      rule: "tenant",
      remaining: 0,
      retry_after: { seconds: 30, nanos: 0 },
    });
    expect(await look({ user: "a" })).toMatchObject({ remaining: 1 });
  });

  it("tells of several limits the one with the least left, and of a quota the one that lets it through", async () => {
    const { check, client: api } = await serve();
    expect(await check({ several: "s" })).toMatchObject({ limit: { name: "slow" }, remaining: 1 });
    const quota = (value: string) => ({ entries: [{ key: "quota", value }] });
    const both = { domain: "test", descriptors: [quota("own"), quota("shared")] };
    expect(await api.checkLimit(both)).toMatchObject({ limit: { name: "own" }, remaining: 0 });
    expect(await api.checkLimit(both)).toMatchObject({ allowed: true, limit: { name: "shared" }, remaining: 3 });
  });

  it.each([
    [{ nobody: "x" }, { allowed: true, rule: "" }],
    [{ open: "x" }, { allowed: true, rule: "open" }],
  ])("tells no limit of %j, where there is none", async (entries, told) => {
    const { check, status: look } = await serve();
    for (const answer of [await check(entries), await look(entries)]) {
      expect(answer).toMatchObject({ ...told, limit: null, retry_after: null, reset_after: null, degraded: false });
      expect(answer).not.toHaveProperty("remaining");
    }
    const elsewhere = await check(entries, { domain: "elsewhere" });
    expect(elsewhere).toMatchObject({ allowed: true, limit: null, rule: "", degraded: false });
  });

  it("gives no time to come back where waiting does not help", async () => {
    const { check } = await serve();
    expect(await check({ banned: "x" })).toMatchObject({ allowed: false, rule: "banned", retry_after: null });
    const never = await check({ user: "ada" }, { hits: 4 });
    expect(never).toMatchObject({ allowed: false, remaining: 3, retry_after: null });
    expect(await check({ user: "ada" }, { hits: "18446744073709551615" })).toMatchObject({ allowed: false });
  });

  it("lets everything through that is in shadow, and tells what is truly left", async () => {
    const { check } = await serve();
    await check({ trial: "x" });
    expect(await check({ trial: "x" })).toMatchObject({ allowed: true, remaining: 0, rule: "trial" });
    await servers?.close();
    const all = await serve({ globalShadow: true });
    await all.check({ tenant: "x" }, { hits: 2 });
    expect(await all.check({ tenant: "x" })).toMatchObject({ allowed: true, remaining: 0, retry_after: null });
  });

  it("names a rule as its file does, whatever values are met", async () => {
    const { check } = await serve();
    expect(await check({ api_key: "secret" })).toMatchObject({ rule: "api_key", limit: { unit: "UNIT_WEEK" } });
  });

  describe("when the store has failed (D13)", () => {
    it.each([
      ["error", true, "failed_open"],
      ["allow", true, "failed_open"],
      ["deny", false, "failed_closed"],
    ] as const)("under %s answers allowed: %s, degraded", async (onStoreFailure, allowed, outcome) => {
      const { check, status: look, store, events } = await serve({ onStoreFailure });
      store.fails = true;
      const answer = { allowed, limit: null, retry_after: null, reset_after: null, rule: "", degraded: true };
      expect(await check({ user: "ada" })).toEqual(answer);
      expect(events.descriptors.map((one) => one.outcome)).toEqual([outcome]);
      expect(await look({ user: "ada" })).toEqual(answer);
      expect(events.descriptors).toHaveLength(1);
      expect(await check({ open: "x" })).toMatchObject({ allowed: true, degraded: false });
      store.fails = false;
      expect(await check({ user: "ada" })).toMatchObject({ allowed: true, remaining: 2, degraded: false });
    });

    it("under local counts in buckets of this process, and a look takes nothing from them", async () => {
      const { check, status: look, store } = await serve({ onStoreFailure: "local" });
      store.fails = true;
      for (let i = 0; i < 5; i++) expect(await look({ tenant: "x" })).toMatchObject({ allowed: true, degraded: true });
      const allowed: unknown[] = [];
      for (let i = 0; i < 3; i++) allowed.push((await check({ tenant: "x" })).allowed);
      expect(allowed).toEqual([true, true, false]);
      expect(await look({ tenant: "x" })).toMatchObject({ allowed: false, degraded: true });
    });

    it("leaves it to Envoy all the same under error", async () => {
      const { proxy, store } = await serve();
      store.fails = true;
      const request = { domain: "test", descriptors: [{ entries: [{ key: "user", value: "ada" }] }] };
      await expect(proxy.shouldRateLimit(request)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    });
  });

  describe("a request that makes no sense", () => {
    const entries = [{ key: "user", value: "ada" }];
    it.each([
      [{ descriptors: [{ entries }] }, "domain: must not be empty"],
      [{ domain: "test" }, "descriptors: must not be empty"],
      [{ domain: "test", descriptors: [{ entries }, {}] }, "descriptors[1].entries: must not be empty"],
      [
        { domain: "test", descriptors: [{ entries: [...entries, { value: "x" }] }] },
        "descriptors[0].entries[1].key: must not be empty",
      ],
      [{ domain: "test", descriptors: [{ entries }], hits: 0 }, "hits: must be at least 1"],
    ])("is INVALID_ARGUMENT and names the field: %j", async (request, words) => {
      const { client: api, status: look } = await serve();
      for (const call of [api.checkLimit(request), api.getStatus(request)]) {
        const error = await call.catch((reason: { code: number; details: string }) => reason);
        expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
        expect((error as { details: string }).details).toContain(words);
      }
      expect(await look({ user: "ada" })).toMatchObject({ remaining: 3 });
    });

    it("is INTERNAL where the bytes are no request, and the next call is answered", async () => {
      const { client: api, check } = await serve();
      for (const bytes of [
        Buffer.from("ffffffffffffffffffffff", "hex"),
        bytesField(2, Buffer.from([0x0a, 0x7f])),
        Buffer.concat(Array.from({ length: 10_001 }, () => bytesField(2))),
      ]) {
        await expect(api.checkLimitBytes(bytes)).rejects.toMatchObject({ code: status.INTERNAL });
      }
      expect(await check({ user: "ada" })).toMatchObject({ allowed: true });
    });

    it("has its unknown fields passed over", async () => {
      const { client: api } = await serve();
      const entry = bytesField(1, bytesField(1, "user"), bytesField(2, "ada"), numberField(9, 1));
      // What Envoy's descriptors have in these fields is nothing to this API: a limit, and hits that are given back.
      const descriptor = bytesField(2, entry, bytesField(2, numberField(1, 1)), bytesField(3), numberField(4, 1));
      const bytes = Buffer.concat([bytesField(1, "test"), descriptor, numberField(3, 2), bytesField(77, "new")]);
      expect(await api.checkLimitBytes(bytes)).toMatchObject({ allowed: true, remaining: 1, limit: { burst: 3 } });
    });
  });

  it("is INTERNAL without details when Weir itself is at fault, and the log is told", async () => {
    const decide = (): Decision => ({ overallCode: "OK", statuses: [] });
    const broken = (): never => {
      throw new TypeError("secret");
    };
    servers = await startServers(decide, {}, kind, { check: broken });
    client = new DirectClient(servers.grpcPort);
    const call = client.checkLimit(limitRequest({ user: "ada" }));
    await expect(call).rejects.toMatchObject({ code: status.INTERNAL, details: "internal error" });
    expect(servers.faults).toHaveLength(1);
  });

  it("has its own health", async () => {
    const { proxy } = await serve();
    expect(await proxy.health("weir.v1.RateLimiter")).toBe("NOT_SERVING");
    servers?.grpc.setServing(true);
    expect(await proxy.health("weir.v1.RateLimiter")).toBe("SERVING");
  });
});
