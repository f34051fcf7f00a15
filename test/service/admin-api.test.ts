import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAdmin, entriesOf, overallCode } from "../support/admin-client.js";
import { newClient } from "../support/clients.js";
import { untilLogged } from "../support/log-lines.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `domain: shop
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 2, unit: hour, burst: 3, name: per-client }
  - key: user
    shadow_mode: true
    rate_limits:
      - { requests_per_unit: 5, unit: minute }
      - { requests_per_unit: 9, unit: day, algorithm: sliding_window, name: daily }
  - key: windows
    rate_limit: { requests_per_unit: 5, unit: hour, algorithm: fixed_window }
  - key: friend
    rate_limit: { unlimited: true }
  - key: path
    value: /login/*
    descriptors:
      - key: client
        rate_limit: { requests_per_unit: 1, unit: day, unit_multiplier: 2 }
`;

let folder: RulesFolder;
let weir: WeirProcess;

beforeAll(async () => {
  folder = await writeRules(RULES);
  weir = await startWeir({ rules: folder.path, env: { WEIR_RULES_POLL: "0s" } });
});

afterAll(async () => {
  await weir?.stop();
  await folder?.remove();
});

const call = (what: string, body?: unknown) => callAdmin(weir.adminUrl, what, body);
const ask = (client: string) => overallCode(weir.httpUrl, "shop", { client });
const bucketOf = (client: string) => ({ domain: "shop", descriptor: entriesOf({ client }) });
const decree = { forSeconds: 600, who: "ada", why: "a test" };

async function askTimes(client: string, times: number): Promise<string[]> {
  const codes: string[] = [];
  for (let i = 0; i < times; i++) codes.push(await ask(client));
  return codes;
}

describe("the admin API", () => {
  it("tells how Weir runs", async () => {
    const { status, body, headers } = await call("GET /api/v1/status");
    expect(status).toBe(200);
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    expect(body).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      store: { kind: "memory", ready: true, breakerOpen: false },
      rules: { source: folder.path, domains: 1, rules: 5 },
      enforcement: { paused: false, reach: "process" },
      overrides: 0,
    });
    expect(Math.abs(Date.now() - Date.parse(body.startedAt))).toBeLessThan(60_000);
  });

  it("lists the rules in force with their places and limits", async () => {
    const { body } = await call("GET /api/v1/rules");
    expect(body).toMatchObject({ total: 5, offset: 0 });
    const file = join(folder.path, "rules.yaml");
    expect(body.rules[0]).toEqual({
      domain: "shop",
      rule: "client",
      path: [{ key: "client" }],
      flags: [],
      source: { file, line: 3, column: 5 },
      limits: [{ name: "per-client", algorithm: "token_bucket", requestsPerUnit: 2, unit: "hour", burst: 3 }],
      rates: { okPerSecond: expect.any(Number), overLimitPerSecond: expect.any(Number) },
    });
    expect(body.rules[1]).toMatchObject({ flags: ["shadow_mode"], limits: [{}, { name: "daily" }] });
    expect(body.rules[3]).toMatchObject({ limits: [{ unlimited: true }] });
    expect(body.rules[4]).toMatchObject({
      path: [{ key: "path", value: "/login/*" }, { key: "client" }],
      source: { line: 17 },
      limits: [{ unit: "day", unitMultiplier: 2, burst: 1 }],
    });
  });

  it("lists some of them at a time, of one domain where asked", async () => {
    const some = await call("GET /api/v1/rules?offset=1&limit=2&domain=shop");
    expect(some.body.rules.map(({ rule }: { rule: string }) => rule)).toEqual(["user", "windows"]);
    expect(some.body).toMatchObject({ total: 5, offset: 1 });
    expect((await call("GET /api/v1/rules?offset=4")).body.rules).toHaveLength(1);
    expect((await call("GET /api/v1/rules?domain=other")).body).toEqual({ rules: [], total: 0, offset: 0 });
  });

  it("looks into a bucket and takes nothing", async () => {
    const client = newClient();
    await askTimes(client, 2);
    for (let times = 0; times < 2; times++) {
      const { status, body } = await call("POST /api/v1/bucket", bucketOf(client));
      expect(status).toBe(200);
      expect(body).toMatchObject({ kind: "limited", rule: "client" });
      expect(body.limits).toEqual([
        {
          ...{ name: "per-client", algorithm: "token_bucket", requestsPerUnit: 2, unit: "hour", burst: 3 },
          ...{ tokens: 1, fullInSeconds: expect.closeTo(3_600, -2), pending: 0 },
        },
      ]);
    }
    expect(await askTimes(client, 2)).toEqual(["OK", "OVER_LIMIT"]);
  });

  it("says where nothing limits a descriptor, and where the rule says unlimited", async () => {
    const unruled = { domain: "shop", descriptor: entriesOf({ nobody: "x" }) };
    expect((await call("POST /api/v1/bucket", unruled)).body).toEqual({ kind: "no_rule", rule: "", limits: [] });
    const friend = { domain: "shop", descriptor: entriesOf({ friend: "x" }) };
    expect((await call("POST /api/v1/bucket", friend)).body).toMatchObject({ kind: "unlimited", rule: "friend" });
  });

  it("fills a bucket", async () => {
    const client = newClient();
    expect(await askTimes(client, 4)).toEqual(["OK", "OK", "OK", "OVER_LIMIT"]);
    expect((await call("POST /api/v1/bucket/reset", { ...bucketOf(client), who: "ada", why: "x" })).body).toEqual({
      reset: 1,
    });
    expect(await askTimes(client, 4)).toEqual(["OK", "OK", "OK", "OVER_LIMIT"]);
    expect((await call("POST /api/v1/bucket/reset", bucketOf(newClient()))).body).toEqual({ reset: 0 });
  });

  it("tells who is refused most", async () => {
    const [worst, bad] = [newClient(), newClient()];
    await askTimes(worst, 9);
    await askTimes(bad, 5);
    const { body } = await call("GET /api/v1/limited?limit=100");
    expect(body.window).toBeLessThanOrEqual(10);
    const mine = body.limited.filter((each: { descriptor: { value: string }[] }) =>
      [worst, bad].includes(each.descriptor[0]?.value ?? ""),
    );
    expect(mine).toEqual([
      expect.objectContaining({ domain: "shop", rule: "client", descriptor: entriesOf({ client: worst }), refused: 6 }),
      expect.objectContaining({ descriptor: entriesOf({ client: bad }), refused: 2, refusedAtLeast: 2 }),
    ]);
    expect(mine[0].refusedPerSecond).toBeGreaterThan(0);
  });

  it("tells how fast a rule is met", async () => {
    await askTimes(newClient(), 6);
    const { body } = await call("GET /api/v1/rules?limit=1");
    expect(body.rules[0].rates.okPerSecond).toBeGreaterThan(0);
    expect(body.rules[0].rates.overLimitPerSecond).toBeGreaterThan(0);
  });

  /** Weir may have noticed the change of the file by itself before. */
  const reloadedByNow = expect.stringMatching(/^(reloaded|unchanged)$/);

  it("reads rules again when told to, and tells what came of it", async () => {
    const file = join(folder.path, "rules.yaml");
    expect((await call("POST /api/v1/reload")).body).toMatchObject({ result: "unchanged", faults: [] });
    await writeFile(file, RULES.replace("unit: hour, burst: 3", "unit: fortnight"));
    const refused = (await call("POST /api/v1/reload")).body;
    expect(refused).toMatchObject({ result: "refused", moreFaults: 0 });
    expect(refused.faults.join("\n")).toContain(`${file}:4:`);
    expect((await call("GET /api/v1/status")).body.rules.lastReload).toMatchObject({
      result: "refused",
      faults: refused.faults,
    });
    await writeFile(file, `${RULES}  - key: more\n    rate_limit: { requests_per_unit: 1, unit: day }\n`);
    expect((await call("POST /api/v1/reload")).body).toMatchObject({ result: reloadedByNow, faults: [] });
    expect((await call("GET /api/v1/status")).body.rules).toMatchObject({
      rules: 6,
      lastReload: { result: reloadedByNow },
    });
    expect((await call("GET /api/v1/rules?offset=5")).body.rules[0]).toMatchObject({ rule: "more" });
    await writeFile(file, RULES);
    expect((await call("POST /api/v1/reload")).body.result).toEqual(reloadedByNow);
    expect((await call("GET /api/v1/status")).body.rules.rules).toBe(5);
  });

  it("logs every change with who wanted it and why, and counts it", async () => {
    const client = newClient();
    const added = await call("POST /api/v1/overrides", { ...bucketOf(client), limit: { unlimited: true }, ...decree });
    await call(`DELETE /api/v1/overrides/${added.body.id}`);
    // Both name the client's descriptor.
    expect(await untilLogged(weir, client, 2)).toEqual([
      expect.objectContaining({
        audit: "override_added",
        from: "127.0.0.1",
        who: "ada",
        why: "a test",
        id: added.body.id,
      }),
      expect.objectContaining({
        audit: "override_ended",
        from: "127.0.0.1",
        who: "ada",
        why: "a test",
        id: added.body.id,
      }),
    ]);
    const metrics = await weir.metrics();
    expect(metrics).toMatch(/weir_admin_changes_total\{action="override_ended"\} \d/);
    expect(metrics).toMatch(/weir_admin_changes_total\{action="rules_reloaded"\} \d/);
  });
});

describe("an override", () => {
  it("takes the place of its descriptor's rule, exactly, until it is ended", async () => {
    const [client, other] = [newClient(), newClient()];
    const limit = { requestsPerUnit: 5, unit: "hour" };
    const { status, body } = await call("POST /api/v1/overrides", { ...bucketOf(client), limit, ...decree });
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...bucketOf(client), limit, who: "ada", why: "a test", reach: "process" });
    expect(Date.parse(body.until) - Date.parse(body.since)).toBe(600_000);
    expect(await askTimes(client, 6)).toEqual(["OK", "OK", "OK", "OK", "OK", "OVER_LIMIT"]);
    expect((await askTimes(other, 4)).at(-1)).toBe("OVER_LIMIT");
    expect((await call("GET /api/v1/overrides")).body.overrides).toContainEqual(
      expect.objectContaining({ id: body.id }),
    );
    expect((await call("POST /api/v1/bucket", bucketOf(client))).body).toMatchObject({
      rule: "(admin override)",
      override: body.id,
      limits: [{ requestsPerUnit: 5, burst: 5, tokens: 0 }],
    });
    expect(await weir.metrics()).toMatch(
      /weir_decisions_total\{.*rule="\(admin override\)",outcome="over_limit"\} 1\b/,
    );
    expect((await call(`DELETE /api/v1/overrides/${body.id}`)).status).toBe(200);
    expect((await call(`DELETE /api/v1/overrides/${body.id}`)).status).toBe(404);
    expect((await call("POST /api/v1/bucket", bucketOf(client))).body).toMatchObject({ rule: "client" });
  });

  it("may be unlimited, ban, or have a burst of its own", async () => {
    const [free, banned, bursty] = [newClient(), newClient(), newClient()];
    const add = (client: string, limit: unknown) =>
      call("POST /api/v1/overrides", { ...bucketOf(client), limit, ...decree });
    await add(free, { unlimited: true });
    await add(banned, { requestsPerUnit: 0, unit: "second" });
    await add(bursty, { requestsPerUnit: 1, unit: "hour", burst: 4 });
    expect(new Set(await askTimes(free, 10))).toEqual(new Set(["OK"]));
    expect(await askTimes(banned, 2)).toEqual(["OVER_LIMIT", "OVER_LIMIT"]);
    expect(await askTimes(bursty, 5)).toEqual(["OK", "OK", "OK", "OK", "OVER_LIMIT"]);
  });

  it("limits what no rule limits, and leaves longer descriptors alone", async () => {
    const limit = { requestsPerUnit: 1, unit: "day" };
    const descriptor = entriesOf({ nobody: newClient() });
    expect((await call("POST /api/v1/overrides", { domain: "shop", descriptor, limit, ...decree })).status).toBe(201);
    const entries = { nobody: descriptor[0]?.value ?? "" };
    expect(await overallCode(weir.httpUrl, "shop", entries)).toBe("OK");
    expect(await overallCode(weir.httpUrl, "shop", entries)).toBe("OVER_LIMIT");
    expect(await overallCode(weir.httpUrl, "shop", { ...entries, more: "x" })).toBe("OK");
  });

  it("is gone at its end", async () => {
    const client = newClient();
    const limit = { requestsPerUnit: 0, unit: "second" };
    await call("POST /api/v1/overrides", { ...bucketOf(client), limit, ...decree, forSeconds: 1 });
    const since = performance.now();
    expect(await ask(client)).toBe("OVER_LIMIT");
    await until("the client is let through", async () => ((await ask(client)) === "OK" ? true : undefined), 3_000);
    expect(performance.now() - since).toBeGreaterThan(900);
    expect((await call("GET /api/v1/overrides")).text).not.toContain(client);
  });

  it("is refused where one is there, and nothing changes", async () => {
    const client = newClient();
    const override = { ...bucketOf(client), limit: { unlimited: true }, ...decree };
    const first = await call("POST /api/v1/overrides", override);
    const second = await call("POST /api/v1/overrides", { ...override, limit: { requestsPerUnit: 0, unit: "day" } });
    expect(second.status).toBe(409);
    expect(second.body.error.message).toContain(first.body.id);
    expect(await ask(client)).toBe("OK");
  });
});

describe("a pause of enforcement", () => {
  it("lets everything through, counts what would have been refused, and ends by itself or when told", async () => {
    const client = newClient();
    await askTimes(client, 4);
    const until1 = new Date(Date.now() + 1_000).toISOString();
    const { forSeconds: _, ...whoAndWhy } = decree;
    const paused = await call("PUT /api/v1/enforcement", { paused: true, until: until1, ...whoAndWhy });
    expect(paused.body).toEqual({
      ...{ paused: true, reach: "process" },
      ...whoAndWhy,
      since: paused.body.since,
      until: until1,
    });
    expect(await ask(client)).toBe("OK");
    expect(await weir.metrics()).toMatch(/weir_enforcement_paused 1/);
    expect(await weir.metrics()).toMatch(/rule="client",outcome="shadow_over_limit"\} [1-9]/);
    await until("limits are enforced", async () => ((await ask(client)) === "OVER_LIMIT" ? true : undefined), 3_000);
    await call("PUT /api/v1/enforcement", { paused: true, ...decree });
    expect(await ask(client)).toBe("OK");
    expect((await call("DELETE /api/v1/enforcement")).body).toEqual({ paused: false, reach: "process" });
    expect(await ask(client)).toBe("OVER_LIMIT");
    expect((await call("DELETE /api/v1/enforcement")).status).toBe(404);
  });
});
