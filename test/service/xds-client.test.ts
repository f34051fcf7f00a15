import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { configsOf, startClient } from "../support/ads-client-under-test.js";
import { ControlPlane } from "../support/control-plane.js";
import { until } from "../support/until.js";
import { RATE_LIMIT_CONFIG_TYPE } from "../support/xds-messages.js";

// The client of xDS against a control plane that is encoded by definitions of its own.

const limit = (requests_per_unit: number, unit = "MINUTE") => ({ rate_limit: { requests_per_unit, unit } });
const SHOP = { name: "shop", domain: "shop", descriptors: [{ key: "path", value: "/", ...limit(5) }] };
const BANK = { name: "bank", domain: "bank", descriptors: [{ key: "user", ...limit(7, "HOUR") }] };
const OTHER_TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

const good = () => Promise.resolve([]);
const bad =
  (...faults: readonly string[]) =>
  () =>
    Promise.resolve(faults);

let plane: ControlPlane;

beforeEach(async () => {
  plane = await ControlPlane.start();
});

afterEach(() => plane.stop());

/** Waits for so many requests in all, and gives the last. */
async function request(count: number) {
  await until(`request ${count} has come`, () => plane.requests.length >= count || undefined);
  expect(plane.requests).toHaveLength(count);
  return plane.requests[count - 1]!;
}

describe("asking", () => {
  it("tells who asks, for all resources, with no version", async () => {
    const nodeMetadata = [["tier", "edge"]] as const;
    startClient(plane.port, { nodeId: "envoy-ratelimit", nodeCluster: "edge", nodeMetadata });
    expect(await request(1)).toMatchObject({
      ...{ version_info: "", response_nonce: "", type_url: RATE_LIMIT_CONFIG_TYPE, resource_names: [] },
      ...{ node: { id: "envoy-ratelimit", cluster: "edge" }, error_detail: null },
      node: { metadata: { fields: { tier: { stringValue: "edge" } } } },
    });
  });

  it("is told as connected though nothing is answered, and as having no version", async () => {
    const { subscription, connected, updates } = startClient(plane.port);
    await connected();
    await request(1);
    expect(subscription.status).toMatchObject({ connected: true, acks: 0, nacks: 0 });
    expect(subscription.status).not.toHaveProperty("version");
    expect(updates).toEqual([]);
  });
});

describe("updates", () => {
  it("are handed on with each resource in order, whether one was added, changed or removed, and acknowledged", async () => {
    const client = startClient(plane.port);
    await client.connected();
    const changed = { ...SHOP, descriptors: [{ key: "path", value: "/", ...limit(6) }] };
    for (const [index, configs] of [[SHOP], [SHOP, BANK], [changed, BANK], [BANK], []].entries()) {
      const version = plane.set(...configs);
      expect(await plane.answerTo(version)).toEqual({ ack: true, message: "" });
      expect(plane.requests.at(-1)).toMatchObject({ version_info: version, type_url: RATE_LIMIT_CONFIG_TYPE });
      expect(client.updates).toHaveLength(index + 1);
      expect(client.updates[index]?.version).toBe(version);
      expect(configsOf(client.updates[index])).toEqual(configs);
    }
    expect(client.subscription.status).toMatchObject({ version: "5", acks: 5, nacks: 0 });
    expect(client.told).toEqual(["connected", ...[1, 2, 3, 4, 5].map((version) => `acknowledged ${version}`)]);
  });

  it("with faults are refused with all of them and the last version that was good, or none", async () => {
    const client = startClient(plane.port);
    await client.connected();
    client.judge(bad("xds:shop: first", "xds:shop: second"));
    expect(await plane.answerTo(plane.set(SHOP))).toEqual({ ack: false, message: "xds:shop: first\nxds:shop: second" });
    expect(plane.requests.at(-1)).toMatchObject({ version_info: "", error_detail: { code: 3 } });
    client.judge(good);
    await plane.answerTo(plane.set(BANK));
    client.judge(bad("x".repeat(100_000), "second"));
    const { message } = await plane.answerTo(plane.set(SHOP));
    expect(plane.requests.at(-1)).toMatchObject({ version_info: "2", error_detail: { code: 3 } });
    expect(message.length).toBeLessThan(5_000);
    expect(client.subscription.status).toMatchObject({ version: "2", acks: 1, nacks: 2 });
    expect(client.told.slice(1)).toEqual(["refused 1", "acknowledged 2", "refused 3"]);
  });

  it("that nobody could put in force are refused with the reason, and the next one is looked at", async () => {
    const client = startClient(plane.port);
    await client.connected();
    client.judge(() => Promise.reject(new Error("out of luck")));
    expect((await plane.answerTo(plane.set(SHOP))).message).toContain("out of luck");
    client.judge(good);
    expect((await plane.answerTo(plane.set(SHOP))).ack).toBe(true);
  });

  it("of a type that was not asked for are told by its name, and neither answered nor handed on", async () => {
    const client = startClient(plane.port);
    await client.connected();
    await request(1);
    plane.send({ type_url: OTHER_TYPE });
    await until("it is told", () => client.told.includes("refused v") || undefined);
    const good = { type_url: RATE_LIMIT_CONFIG_TYPE, value: new Uint8Array() };
    plane.send({ resources: [good, { type_url: OTHER_TYPE, value: new Uint8Array() }] });
    const answer = await request(2);
    expect(answer.error_detail?.message).toContain(`resource 1 is of type "${OTHER_TYPE}"`);
    expect(client.updates).toEqual([]);
  });
});

describe("an update that was refused and comes again and again", () => {
  it("is looked at once, told once, and refused at leisure, and what comes in its place is taken at once", async () => {
    const client = startClient(plane.port);
    await client.connected();
    client.judge(bad("xds:shop: first"));
    const version = plane.set(SHOP);
    await until("it was refused three times", () => plane.requests.length >= 4 || undefined);
    expect(client.updates).toHaveLength(1);
    expect(client.subscription.status).toMatchObject({ nacks: 1 });
    expect(client.told).toEqual(["connected", "refused 1"]);
    expect((await plane.answerTo(version)).message).toBe("xds:shop: first");
    const [count, started] = [plane.requests.length, performance.now()];
    await until("it came five times more", () => plane.requests.length >= count + 5 || undefined);
    expect(performance.now() - started).toBeGreaterThan(2_000);
    client.judge(good);
    const mended = performance.now();
    expect(await plane.answerTo(plane.set(BANK))).toEqual({ ack: true, message: "" });
    expect(performance.now() - mended).toBeLessThan(1_000);
  });

  it("is looked at again when something in it is not the same", async () => {
    const client = startClient(plane.port);
    await client.connected();
    client.judge(bad("bad"));
    plane.set(SHOP);
    await until("it was refused", () => plane.requests.length >= 2 || undefined);
    client.judge(good);
    // As after a restart of the control plane: the same version, other rules.
    plane.stop();
    await plane.start();
    expect(await plane.answerTo(plane.set(BANK))).toEqual({ ack: true, message: "" });
    expect(client.updates).toHaveLength(2);
  });
});

describe("a stream that ends", () => {
  it("in good order is made anew, and asks for everything again", async () => {
    const client = startClient(plane.port);
    await client.connected();
    await plane.answerTo(plane.set(SHOP));
    plane.endStreams();
    await until("everything was handed on again", () => client.updates.length === 2 || undefined);
    expect(client.disconnects).toHaveLength(1);
    expect(client.disconnects[0]?.reason).toBe("the control plane ended the stream");
    const first = plane.requests.find(({ stream }) => stream === 2);
    expect(first).toMatchObject({ version_info: "", response_nonce: "", node: { id: "test-node" } });
    client.judge(bad("bad"));
    await plane.answerTo(plane.set(BANK));
    expect(plane.requests.at(-1)).toMatchObject({ stream: 2, version_info: "1", error_detail: { message: "bad" } });
  });

  it("with a status is told by its words", async () => {
    const client = startClient(plane.port);
    await client.connected();
    await request(1);
    plane.endStreams({ code: status.PERMISSION_DENIED, details: "no such node" });
    await until("the end was told", () => client.disconnects.length > 0 || undefined);
    expect(client.disconnects[0]?.reason).toBe("PERMISSION_DENIED: no such node");
    expect(client.subscription.status).toMatchObject({ lastError: "PERMISSION_DENIED: no such node" });
  });

  it("by bytes that are no response is made anew, with what was good before", async () => {
    const client = startClient(plane.port);
    await client.connected();
    await plane.answerTo(plane.set(SHOP));
    plane.sendBytes(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f, 1]));
    await until("everything was handed on again", () => client.updates.length === 2 || undefined);
    expect(client.disconnects[0]?.reason).toMatch(/^INTERNAL: /);
    expect(client.subscription.status).toMatchObject({ version: "1" });
  });
});

describe("a control plane that goes away", () => {
  it("is called again, later and later, until it is there, and its new count of versions confuses nobody", async () => {
    const client = startClient(plane.port);
    await client.connected();
    await plane.answerTo(plane.set(SHOP));
    plane.stop();
    await until("it was called three times", () => client.disconnects.length >= 3 || undefined, 20_000);
    expect(client.subscription.status).toMatchObject({ connected: false, version: "1" });
    client.disconnects.forEach(({ retryMillis }, index) => {
      expect(retryMillis).toBeLessThanOrEqual(Math.min(30_000, 1_000 * 2 ** index));
    });
    expect(client.disconnects.at(-1)?.reason).toMatch(/^UNAVAILABLE: connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
    await plane.start();
    // Its first version again, with other rules.
    plane.set(BANK);
    await until("the new rules were handed on", () => client.updates.length === 2 || undefined, 20_000);
    expect(configsOf(client.updates[1])).toEqual([BANK]);
    expect(client.subscription.status.connected).toBe(true);
  });
});

describe("the time until the next attempt", () => {
  // A random number that is not: 100 ms at first, then 200, 400 and so on.
  const draw = vi.spyOn(Math, "random");
  beforeEach(() => void draw.mockReturnValue(0.1));
  afterAll(() => draw.mockRestore());

  it("doubles, is kept, and begins again after a connection that held", async () => {
    plane.stop();
    const client = startClient(plane.port, { healthyMillis: 50 });
    await until("it was tried in vain", () => client.disconnects.length >= 4 || undefined);
    await plane.start();
    await client.connected();
    const connectedAt = performance.now();
    await until("it has held", () => performance.now() > connectedAt + 100 || undefined);
    const tried = client.disconnects.length;
    plane.stop();
    await until("it is tried again", () => client.disconnects.length > tried + 1 || undefined);
    const waits = client.disconnects.map(({ retryMillis }) => retryMillis);
    expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(waits.slice(tried, tried + 2)).toEqual([100, 200]);
    for (const [index, { at }] of client.disconnects.slice(1, 4).entries()) {
      // A timer may be a millisecond early.
      expect(at - client.disconnects[index]!.at).toBeGreaterThanOrEqual(waits[index]! - 1);
    }
  });
});

describe("closing", () => {
  it("hangs up, and nothing is handed on or answered after it", async () => {
    const client = startClient(plane.port);
    await client.connected();
    let release = (): void => {};
    client.judge(() => new Promise((resolve) => (release = () => resolve([]))));
    plane.set(SHOP);
    await until("the update is looked at", () => client.updates.length === 1 || undefined);
    await client.subscription.close();
    release();
    await until("the stream is gone", () => plane.streams === 0 || undefined);
    plane.set(BANK);
    expect(client.updates).toHaveLength(1);
    expect(plane.requests).toHaveLength(1);
    expect(client.told).toEqual(["connected"]);
  });

  it("does not wait for the next attempt", async () => {
    plane.stop();
    const client = startClient(plane.port);
    await until("it was called twice", () => client.disconnects.length >= 2 || undefined);
    const started = performance.now();
    await client.subscription.close();
    expect(performance.now() - started).toBeLessThan(500);
  });
});
