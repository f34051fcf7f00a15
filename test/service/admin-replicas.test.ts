import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAdmin, entriesOf, overallCode } from "../support/admin-client.js";
import { newClient } from "../support/clients.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `domain: shop
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 2, unit: hour }
`;

let folder: RulesFolder;
let redis: RedisServer;
let one: WeirProcess;
let other: WeirProcess;

/** A replica of the same service. */
function start(env: Record<string, string> = {}): Promise<WeirProcess> {
  return startWeir({ rules: folder.path, redisUrl: redis.url, env: { WEIR_STORE_TIMEOUT: "500ms", ...env } });
}

beforeAll(async () => {
  folder = await writeRules(RULES);
  redis = await startRedis();
  [one, other] = await Promise.all([start(), start()]);
});

afterAll(async () => {
  await Promise.all([one?.stop(), other?.stop()]);
  await redis?.stop();
  await folder?.remove();
});

const ask = (weir: WeirProcess, client: string) => overallCode(weir.httpUrl, "shop", { client });
const bucketOf = (client: string) => ({ domain: "shop", descriptor: entriesOf({ client }) });
const unlimited = (client: string, forSeconds = 600) => {
  return { ...bucketOf(client), limit: { unlimited: true }, forSeconds, who: "ada", why: "a test" };
};
const listed = async (weir: WeirProcess): Promise<string> =>
  (await callAdmin(weir.adminUrl, "GET /api/v1/overrides")).text;

/** A client whose bucket is empty. */
async function spentClient(weir: WeirProcess): Promise<string> {
  const client = newClient();
  for (let i = 0; i < 2; i++) await ask(weir, client);
  expect(await ask(weir, client)).toBe("OVER_LIMIT");
  return client;
}

async function untilAnswered(weir: WeirProcess, client: string, code: string, millis = 1_000): Promise<void> {
  const isSo = async (): Promise<true | undefined> => ((await ask(weir, client)) === code ? true : undefined);
  await until(`the answer is ${code}`, isSo, millis);
}

describe("what one replica is told", () => {
  it("changes what the other answers within a second, and so does its end", async () => {
    const client = await spentClient(one);
    const { status, body } = await callAdmin(one.adminUrl, "POST /api/v1/overrides", unlimited(client));
    expect([status, body.reach]).toEqual([201, "replicas"]);
    expect(await ask(one, client)).toBe("OK");
    await untilAnswered(other, client, "OK");
    expect(await listed(other)).toContain(body.id);
    await callAdmin(other.adminUrl, `DELETE /api/v1/overrides/${body.id}`);
    expect(await ask(other, client)).toBe("OVER_LIMIT");
    await untilAnswered(one, client, "OVER_LIMIT");
  });

  it("is all kept when both are told at the same moment", async () => {
    const clients = Array.from({ length: 24 }, newClient);
    const answers = await Promise.all(
      clients.map((client, index) =>
        callAdmin((index % 2 === 0 ? one : other).adminUrl, "POST /api/v1/overrides", unlimited(client)),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    for (const weir of [one, other]) {
      await until("all are listed", async () => {
        const text = await listed(weir);
        return clients.every((client) => text.includes(client)) ? true : undefined;
      });
    }
    for (const { body } of answers) await callAdmin(one.adminUrl, `DELETE /api/v1/overrides/${body.id}`);
  });

  it("pauses enforcement on both, and resumes it", async () => {
    const client = await spentClient(one);
    await callAdmin(one.adminUrl, "PUT /api/v1/enforcement", {
      ...{ paused: true, forSeconds: 60, who: "ada", why: "a test" },
    });
    await untilAnswered(other, client, "OK");
    expect((await callAdmin(other.adminUrl, "GET /api/v1/status")).body.enforcement).toMatchObject({
      ...{ paused: true, reach: "replicas", who: "ada" },
    });
    await callAdmin(other.adminUrl, "DELETE /api/v1/enforcement");
    await untilAnswered(one, client, "OVER_LIMIT");
  });

  it("fills a bucket for both, though one remembers a refusal for up to a second", async () => {
    const client = await spentClient(one);
    expect(await ask(other, client)).toBe("OVER_LIMIT");
    expect((await callAdmin(one.adminUrl, "POST /api/v1/bucket", bucketOf(client))).body.limits[0].tokens).toBe(0);
    expect((await callAdmin(one.adminUrl, "POST /api/v1/bucket/reset", bucketOf(client))).body).toEqual({ reset: 1 });
    expect(await ask(one, client)).toBe("OK");
    await untilAnswered(other, client, "OK", 1_500);
    expect(await ask(one, client)).toBe("OVER_LIMIT");
  });

  it("survives restarts, and holds from the first request on", async () => {
    const client = await spentClient(one);
    const added = await callAdmin(one.adminUrl, "POST /api/v1/overrides", unlimited(client));
    const later = await start({ WEIR_ADMIN_LISTEN: "" });
    expect(later.adminUrl).toBe("");
    expect(await ask(later, client)).toBe("OK");
    await later.stop();
    await callAdmin(one.adminUrl, `DELETE /api/v1/overrides/${added.body.id}`);
  });

  it("ends when Redis says so, on both, and leaves nothing in Redis for ever", async () => {
    const client = await spentClient(one);
    await callAdmin(one.adminUrl, "POST /api/v1/overrides", unlimited(client, 1));
    await untilAnswered(other, client, "OK");
    const left = Number(await redis.command("PTTL", "weir:|controls"));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(120_000);
    await Promise.all([one, other].map((weir) => untilAnswered(weir, client, "OVER_LIMIT", 2_000)));
    expect(await listed(other)).not.toContain(client);
  });

  it("fails without Redis, with words, while what was known stays until its end", async () => {
    const lonely = await startRedis();
    const env = { WEIR_REDIS_URL: lonely.url, WEIR_ON_STORE_FAILURE: "deny" };
    const weir = await start(env);
    try {
      const [client, brief] = [newClient(), newClient()];
      await callAdmin(weir.adminUrl, "POST /api/v1/overrides", unlimited(client));
      await callAdmin(weir.adminUrl, "POST /api/v1/overrides", unlimited(brief, 2));
      await lonely.kill();
      await until("Redis is missed", async () => ((await ask(weir, newClient())) === "OVER_LIMIT" ? true : undefined));
      const refused = await callAdmin(weir.adminUrl, "POST /api/v1/overrides", unlimited(newClient()));
      expect([refused.status, refused.body.error.message]).toEqual([
        503,
        expect.stringContaining("the store does not"),
      ]);
      for (const path of ["bucket", "bucket/reset"]) {
        expect((await callAdmin(weir.adminUrl, `POST /api/v1/${path}`, bucketOf(newClient()))).status).toBe(503);
      }
      expect(await ask(weir, client)).toBe("OK");
      await untilAnswered(weir, brief, "OVER_LIMIT", 4_000);
      expect(await ask(weir, client)).toBe("OK");
      expect((await callAdmin(weir.adminUrl, "GET /api/v1/status")).body).toMatchObject({ overrides: 1 });
    } finally {
      await weir.stop();
      await lonely.stop();
    }
  });

  it("is not thrown away when it cannot be read: that is told, and what was known stays", async () => {
    const client = await spentClient(one);
    const added = await callAdmin(one.adminUrl, "POST /api/v1/overrides", unlimited(client));
    const kept = String(await redis.command("GET", "weir:|controls"));
    await redis.command("SET", "weir:|controls", `9999999999999999\n{"format":99}`);
    await until("it is told", () => (one.output().includes("another version of Weir") ? true : undefined));
    expect(await ask(one, client)).toBe("OK");
    expect((await callAdmin(one.adminUrl, "POST /api/v1/overrides", unlimited(newClient()))).status).toBe(409);
    await redis.command("SET", "weir:|controls", kept);
    await until("it is read again", async () => {
      const { status } = await callAdmin(one.adminUrl, `DELETE /api/v1/overrides/${added.body.id}`);
      return status === 200 ? true : undefined;
    });
  });
});

describe("with values that are not to be seen", () => {
  it("an override works, and its value is in no answer, no log line and nowhere in Redis", async () => {
    const secretFile = join(folder.path, "secret");
    await writeFile(secretFile, "0123456789abcdef0123456789abcdef\n");
    const hashing = {
      WEIR_HASH_KEYS: "true",
      WEIR_HASH_KEYS_SECRET_FILE: secretFile,
      WEIR_REDIS_KEY_PREFIX: "hashed:",
    };
    const weir = await start(hashing);
    try {
      const client = "very-secret-client";
      const entries = [{ key: "client", digest: expect.stringMatching(/^[\w-]{24}$/) }];
      for (let i = 0; i < 4; i++) await ask(weir, client);
      const limited = await callAdmin(weir.adminUrl, "GET /api/v1/limited");
      expect(limited.body.limited).toMatchObject([{ descriptor: entries, refused: 2 }]);
      const { body } = await callAdmin(weir.adminUrl, "POST /api/v1/overrides", unlimited(client));
      expect(body.descriptor).toEqual(entries);
      expect(await ask(weir, client)).toBe("OK");
      const looked = await callAdmin(weir.adminUrl, "POST /api/v1/bucket", bucketOf(client));
      expect(looked.body).toMatchObject({ kind: "unlimited", override: body.id });
      await callAdmin(weir.adminUrl, "POST /api/v1/bucket/reset", bucketOf(client));
      const stored = String(await redis.command("GET", "hashed:|controls"));
      expect(stored).toContain(body.descriptor[0].digest);
      const seen = [stored, limited.text, await listed(weir), weir.output(), await weir.metrics()];
      expect(seen.filter((text) => text.includes(client))).toEqual([]);
    } finally {
      await weir.stop();
    }
  });
});
