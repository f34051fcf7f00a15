import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import type { TlsFiles } from "../../src/stores/redis/link/tls-files.js";
import { failureOf } from "../support/connected-store.js";
import { replaceFile, TestAuthority } from "../support/grpc/certificates.js";
import { aclArgs, urlAs, weirUser } from "../support/redis-acl.js";
import { count, openLink, readyLink, untilCounted } from "../support/redis-link.js";
import { startTlsRedis, type TlsRedis } from "../support/redis-tls.js";
import { until } from "../support/until.js";

const USER = weirUser();

let authority: TestAuthority;
let redis: TlsRedis;
let link: RedisLink;

beforeAll(async () => {
  authority = new TestAuthority();
  redis = await startTlsRedis(authority, { password: "admin", args: ["--requirepass", "admin", ...aclArgs(USER)] });
});

afterAll(async () => {
  await redis.stop();
  rmSync(authority.folder, { recursive: true });
});

afterEach(() => link.close());

const tlsWith = (more: Partial<TlsFiles> = {}): TlsFiles => {
  const { certFile, keyFile } = authority.sign("weir");
  return { caFile: authority.caFile, certFile, keyFile, ...more };
};

/** The words of a link that cannot be made, once they are these. */
function untilWords(words: RegExp): Promise<string> {
  return until(`the failure says ${words}`, async () => {
    const { kind, message } = await failureOf(count(link, "weir:a"));
    return kind === "unavailable" && words.test(message) ? message : undefined;
  });
}

describe("a server with TLS", () => {
  it("is used as the least user by who knows its authority and shows a certificate", async () => {
    link = await readyLink({ url: urlAs(USER, redis.tlsUrl), tls: tlsWith() });
    const first = await count(link, "weir:a");
    await redis.command("CLIENT", "KILL", "USER", USER.name);
    await untilCounted(link, "weir:b");
    expect(await count(link, "weir:a")).toBe(first + 1);
  });

  it("is refused when another authority signed its certificate", async () => {
    link = openLink({ url: urlAs(USER, redis.tlsUrl), tls: tlsWith({ caFile: undefined }) });
    expect(await untilWords(/certificate/)).not.toContain(USER.password);
    expect(link.isReady()).toBe(false);
  });

  it("may carry another name where names are not looked at, but not come from another authority", async () => {
    const url = urlAs(USER, redis.tlsUrl);
    link = openLink({ url, tls: tlsWith({ serverName: "other.example.com" }) });
    await untilWords(/does not match certificate's altnames/);
    await link.close();
    link = await readyLink({ url, tls: tlsWith({ serverName: "other.example.com", verifiesName: false }) });
    await link.close();
    link = openLink({ url, tls: tlsWith({ caFile: undefined, verifiesName: false }) });
    await untilWords(/certificate/);
  });

  it("refuses who shows no certificate", async () => {
    link = openLink({ url: urlAs(USER, redis.tlsUrl), tls: { caFile: authority.caFile } });
    await untilWords(/certificate required|alert|closed|ECONNRESET|EPIPE/);
    expect(link.isReady()).toBe(false);
  });

  it("is checked against the name that is set", async () => {
    link = openLink({ url: urlAs(USER, redis.tlsUrl), tls: tlsWith({ serverName: "redis.example" }) });
    await untilWords(/redis\.example/);
    await link.close();
    link = await readyLink({ url: urlAs(USER, redis.tlsUrl), tls: tlsWith({ serverName: "localhost" }) });
    expect(await count(link, "weir:c")).toBe(1);
  });

  it("is connected to with the files as they are at that time", async () => {
    const stranger = new TestAuthority("stranger");
    const files = tlsWith();
    const caFile = `${authority.folder}/rotated-ca.crt`;
    replaceFile(caFile, stranger.caFile);
    link = openLink({ url: urlAs(USER, redis.tlsUrl), tls: { ...files, caFile } });
    await untilWords(/certificate/);
    replaceFile(caFile, authority.caFile);
    await untilCounted(link, "weir:d");
    rmSync(stranger.folder, { recursive: true });
  });
});
