import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import { failureOf } from "../support/connected-store.js";
import { aclArgs, aclLine, weirSentinelUser, weirUser } from "../support/redis-acl.js";
import { count, openLink, readyLink, untilCounted, untilReady } from "../support/redis-link.js";
import { FAILOVER_MILLIS, MASTER_NAME, type SentinelSetup, startSentinelSetup } from "../support/redis-sentinel.js";
import { until } from "../support/until.js";

const USER = weirUser();
const SENTINEL_USER = weirSentinelUser();

// The tests wait for failovers.
vi.setConfig({ testTimeout: 3 * FAILOVER_MILLIS, hookTimeout: 3 * FAILOVER_MILLIS });
/** What a machine that stalls may make of "at once"; who waits for a silent server takes longer (1 s). */
const SLACK_MILLIS = 600;

let folder: string;
let setup: SentinelSetup;
let link: RedisLink;

function fileWith(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(`${file}.new`, `${text}\n`);
  renameSync(`${file}.new`, file);
  return file;
}

const optionsOf = () => ({
  topology: "sentinel" as const,
  url: setup.url,
  sentinelMaster: MASTER_NAME,
  user: USER.name,
  passwordFile: fileWith("password", USER.password),
  sentinelUser: SENTINEL_USER.name,
  sentinelPasswordFile: fileWith("sentinel-password", SENTINEL_USER.password),
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-link-"));
  setup = await startSentinelSetup({
    password: "admin",
    sentinelPassword: "sentinel-admin",
    serverArgs: aclArgs(USER),
    sentinelLines: [aclLine(SENTINEL_USER)],
  });
});

afterEach(async () => {
  await link.close();
  await setup.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the master that Sentinels name", () => {
  it("is found when the password for the Sentinels is given itself, and not when that is a wrong one", async () => {
    const { sentinelPasswordFile: _, ...options } = optionsOf();
    link = openLink({ ...options, sentinelPassword: "wrong" });
    const words = await until("the Sentinels refuse", async () => {
      const { message } = await failureOf(count(link, "weir:a"));
      return /WRONGPASS/.test(message) ? message : undefined;
    });
    expect(words).not.toContain(SENTINEL_USER.password);
    await link.close();
    link = await readyLink({ ...options, sentinelPassword: SENTINEL_USER.password });
    expect(await count(link, "weir:a")).toBe(1);
  });

  it("is used as the least users; after it is killed its replica is, and never again it", async () => {
    link = await readyLink(optionsOf());
    expect(await count(link, "weir:a")).toBe(1);
    const first = await setup.master();
    for (const sentinel of setup.sentinels) expect(await sentinel.command("ACL", "LOG")).toEqual([]);
    expect(await first.command("ACL", "LOG")).toEqual([]);
    await first.kill();
    const began = performance.now();
    const failure = await failureOf(count(link, "weir:a"));
    expect(performance.now() - began).toBeLessThan(SLACK_MILLIS);
    expect(failure.kind).toBe("unavailable");
    expect(failure.message).toMatch(
      /^no connection to Redis at the master weir-master of Sentinel at 127\.0\.0\.1:\d+, /,
    );
    const failures = await untilCounted(link, "weir:a", FAILOVER_MILLIS);
    expect(failures.filter((words) => !words.startsWith("unavailable: "))).toEqual([]);
    const second = await setup.master();
    expect(second).not.toBe(first);
    await first.start();
    await setup.untilReplica(first);
    await count(link, "weir:b");
    expect(await second.command("GET", "weir:b")).toBe("1");
  });

  it("is left when they name another one while it still takes writes, as one that was cut off", async () => {
    link = await readyLink(optionsOf());
    const first = await setup.master();
    first.freeze();
    const second = await setup.untilFailover(first);
    await untilCounted(link, "weir:a", FAILOVER_MILLIS);
    expect(await second.command("GET", "weir:a")).toBe("1");
    first.thaw();
    await setup.untilReplica(first);
    expect(await count(link, "weir:a")).toBe(2);
  });

  it("changes by an operator's wish without a new start, and scripts are there at once", async () => {
    link = await readyLink(optionsOf());
    await count(link, "weir:a");
    const second = await setup.failover();
    // The old master takes writes until it is told that it is a replica.
    await until("the new master is used", async () => {
      await count(link, "weir:b").catch(() => undefined);
      return (await second.command("GET", "weir:b")) ?? undefined;
    });
  });

  it("is found though one Sentinel is gone, and stays in use when all are", async () => {
    link = await readyLink(optionsOf());
    await setup.sentinels[0]?.kill();
    await link.close();
    link = await readyLink(optionsOf());
    await Promise.all(setup.sentinels.slice(1).map((sentinel) => sentinel.kill()));
    for (let value = 1; value <= 5; value++) expect(await count(link, "weir:a")).toBe(value);
  });

  it("is said to be unknown when its name is wrong", async () => {
    link = openLink({ ...optionsOf(), sentinelMaster: "other" });
    const failure = await until("the failure says why", async () => {
      const reason = await failureOf(count(link, "weir:a"));
      return /know no master/.test(reason.message) ? reason : undefined;
    });
    expect(failure.message).toMatch(/: the Sentinels know no master named other$/);
  });

  it("cannot be found with a wrong password for the Sentinels, and can be once the file is right", async () => {
    const options = optionsOf();
    fileWith("sentinel-password", "wrong-one");
    link = openLink(options);
    const failure = await until("the failure says why", async () => {
      const reason = await failureOf(count(link, "weir:a"));
      return /WRONGPASS/.test(reason.message) ? reason : undefined;
    });
    expect(failure.message).not.toContain("wrong-one");
    fileWith("sentinel-password", SENTINEL_USER.password);
    await untilReady(link);
    expect(await count(link, "weir:a")).toBe(1);
  });
});
