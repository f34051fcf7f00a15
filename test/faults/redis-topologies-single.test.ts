import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import { failureOf } from "../support/connected-store.js";
import { aclArgs, urlAs, weirUser } from "../support/redis-acl.js";
import { COUNT_SCRIPT, count, openLink, readyLink, untilCounted, untilReady } from "../support/redis-link.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";

const USER = weirUser();
/** The default user's: without it anybody who forgets to log in would pass. */
const ADMIN = { password: "admin", args: ["--requirepass", "admin", ...aclArgs(USER)] };

let folder: string;
let redis: RedisServer;
let link: RedisLink;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-link-"));
  redis = await startRedis({ ...ADMIN, unixSocket: join(folder, "redis.sock") });
});

afterEach(async () => {
  await link.close();
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Puts a password into a file as secrets are rotated: at once. */
function writePassword(password: string): string {
  const file = join(folder, "password");
  writeFileSync(`${file}.new`, `${password}\n`);
  renameSync(`${file}.new`, file);
  return file;
}

async function loginsOf(name: string): Promise<number> {
  const list = (await redis.command("CLIENT", "LIST")) as string;
  return list.split("\n").filter((line) => line.includes(`user=${name} `) && line.includes("name=weir ")).length;
}

describe("one server", () => {
  it("is used over TCP as the least user, with text and bytes as arguments", async () => {
    link = await readyLink({ url: urlAs(USER, redis.url) });
    expect(await count(link, "weir:a")).toBe(1);
    expect(await link.run(COUNT_SCRIPT, ["weir:a"], [Buffer.from([0x78, 0xc3, 0xa4])])).toEqual([2, "xä"]);
    expect((await failureOf(count(link, "other:a"))).message).toMatch(/^NOPERM|can't access|No permissions/);
    expect(await loginsOf("weir")).toBe(1);
    expect(((await redis.command("ACL", "LOG")) as unknown[]).length).toBe(1);
    expect(link.where).toBe(`127.0.0.1:${redis.port}`);
  });

  it("is used over its unix socket", async () => {
    link = await readyLink({
      url: `unix://${folder}/redis.sock`,
      user: USER.name,
      passwordFile: writePassword(USER.password),
    });
    expect(await count(link, "weir:a")).toBe(1);
    expect(link.where).toBe(`${folder}/redis.sock`);
  });

  it("is used in the database of the URL, also after a new connection", async () => {
    link = await readyLink({ url: `${urlAs(USER, redis.url)}/3` });
    await count(link, "weir:a");
    await redis.command("CLIENT", "KILL", "USER", "weir");
    await untilCounted(link, "weir:a");
    expect(await redis.command("INFO", "keyspace")).toMatch(/db3:keys=1/);
    expect(await redis.command("INFO", "keyspace")).not.toMatch(/db0/);
  });

  it("is not used in another database when it does not have that of the URL", async () => {
    link = openLink({ url: `${urlAs(USER, redis.url)}/99` });
    const failure = await until("the failure says why", async () => {
      const reason = await failureOf(count(link, "weir:a"));
      return /ERR/.test(reason.message) ? reason : undefined;
    });
    expect(failure.kind).toBe("unavailable");
    expect(failure.message).toBe(`no connection to Redis at 127.0.0.1:${redis.port}: ERR DB index is out of range`);
  });

  it("may come later, and fails each call at once until then", async () => {
    await redis.stop();
    link = openLink({ url: urlAs(USER, redis.url) });
    const failure = await until("the failure says why", async () => {
      const reason = await failureOf(count(link, "weir:a"));
      return /ECONNREFUSED/.test(reason.message) ? reason : undefined;
    });
    expect(failure.kind).toBe("unavailable");
    expect(link.isReady()).toBe(false);
    await redis.start();
    await untilReady(link);
    expect(await count(link, "weir:a")).toBe(1);
  });

  it("runs a script that it has forgotten, and does so once", async () => {
    link = await readyLink({ url: urlAs(USER, redis.url) });
    for (let value = 1; value <= 3; value++) {
      expect(await count(link, "weir:a")).toBe(value);
      await redis.command("SCRIPT", "FLUSH");
    }
  });

  it("is left for a new connection when nothing comes back, which fails what was sent", async () => {
    link = await readyLink({ url: urlAs(USER, redis.url), silenceTimeoutMillis: 200 });
    redis.freeze();
    const began = performance.now();
    const failure = await failureOf(count(link, "weir:a"));
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(failure.kind).toBe("unavailable");
    expect(failure.message).toContain("didn't receive any in 200ms");
    redis.thaw();
    await untilCounted(link, "weir:a");
  });

  it("is not used while it is a replica, whoever it was before", async () => {
    link = await readyLink({ url: urlAs(USER, redis.url) });
    await redis.command("REPLICAOF", "127.0.0.1", "1");
    expect((await failureOf(count(link, "weir:a"))).message).toMatch(/READONLY/);
    const failure = await until("the failure says why", async () => {
      const reason = await failureOf(count(link, "weir:a"));
      return /it is a replica/.test(reason.message) ? reason : undefined;
    });
    expect(failure.message).toBe(`no connection to Redis at 127.0.0.1:${redis.port}: it is a replica, not the master`);
    await redis.command("REPLICAOF", "NO", "ONE");
    await untilCounted(link, "weir:a");
  });

  it("says why it refuses a login, without the password", async () => {
    link = openLink({ url: urlAs({ ...USER, password: "hunter2" }, redis.url) });
    const failure = await until("the failure says why", async () => {
      const reason = await failureOf(count(link, "weir:a"));
      return /WRONGPASS/.test(reason.message) ? reason : undefined;
    });
    expect(failure.message).not.toContain("hunter2");
  });
});

describe("a password in a file", () => {
  it("may be replaced under traffic: connections log in anew, and no call fails", async () => {
    const passwordFile = writePassword(USER.password);
    link = await readyLink({ url: redis.url, user: USER.name, passwordFile });
    let isOver = false;
    let calls = 0;
    const traffic = (async () => {
      while (!isOver) expect(await count(link, "weir:a")).toBe(++calls);
    })();
    try {
      await redis.command("ACL", "SETUSER", USER.name, ">second");
      const before = await authCalls();
      writePassword("second");
      await until("the connection has logged in anew", async () => (await authCalls()) > before || undefined);
      await redis.command("ACL", "SETUSER", USER.name, `<${USER.password}`);
      const callsBefore = calls;
      await until("calls go on", () => calls > callsBefore + 10 || undefined);
    } finally {
      isOver = true;
      await traffic;
    }
    await redis.command("CLIENT", "KILL", "USER", USER.name);
    await untilCounted(link, "weir:a");
  });

  it("that goes bad leaves the last good one in use, and is told of once", async () => {
    const warnings: string[] = [];
    const passwordFile = writePassword(USER.password);
    link = await readyLink({
      url: redis.url,
      user: USER.name,
      passwordFile,
      onWarning: (words) => warnings.push(words),
    });
    rmSync(passwordFile);
    await redis.command("CLIENT", "KILL", "USER", USER.name);
    await untilCounted(link, "weir:a");
    expect(warnings).toEqual(["Redis: the password's file cannot be read (ENOENT): the last good one stays in use"]);
  });

  /** How often anybody has logged in with AUTH: the test's own commands do so with HELLO. */
  async function authCalls(): Promise<number> {
    const stats = (await redis.command("INFO", "commandstats")) as string;
    return Number(/cmdstat_auth:calls=(\d+)/.exec(stats)?.[1]);
  }
});

describe("a server that may lose buckets", () => {
  it("is warned about, once, and used", async () => {
    const warnings: string[] = [];
    await redis.command("CONFIG", "SET", "maxmemory", "100mb");
    await redis.command("CONFIG", "SET", "maxmemory-policy", "volatile-lru");
    link = await readyLink({ url: urlAs(USER, redis.url), onWarning: (words) => warnings.push(words) });
    await redis.command("CLIENT", "KILL", "USER", USER.name);
    await untilCounted(link, "weir:a");
    expect(warnings).toEqual([
      `Redis at 127.0.0.1:${redis.port} drops buckets when its memory is full, which lets requests through: ` +
        "its maxmemory-policy is volatile-lru, and should be noeviction",
    ]);
  });

  it("is used without a word when the user may not ask", async () => {
    const warnings: string[] = [];
    await redis.command("ACL", "SETUSER", USER.name, "-info", "-client|setname");
    link = await readyLink({ url: urlAs(USER, redis.url), onWarning: (words) => warnings.push(words) });
    expect(await count(link, "weir:a")).toBe(1);
    expect(warnings).toEqual([]);
  });
});
