import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { redisLinkOptions } from "../../../src/settings/redis-link-options.js";
import { readSettings, type Settings } from "../../../src/settings.js";
import { StartError } from "../../../src/start-error.js";
import { TestAuthority } from "../../support/grpc/certificates.js";

const SENTINEL = { WEIR_REDIS_TOPOLOGY: "sentinel", WEIR_REDIS_SENTINEL_MASTER: "m" };
const TLS = { WEIR_REDIS_URL: "rediss://redis" };

describe("settings about Redis", () => {
  it.each([
    [{ WEIR_REDIS_TOPOLOGY: "cluster", WEIR_REDIS_URL: "redis://me:pw@a:1,b,[::1]:3" }, { redisTopology: "cluster" }],
    [
      { ...SENTINEL, WEIR_REDIS_URL: "rediss://a:1,b:2/3" },
      { redisTopology: "sentinel", redisSentinelMaster: "m" },
    ],
    [
      { ...SENTINEL, WEIR_REDIS_SENTINEL_USER: "u", WEIR_REDIS_SENTINEL_PASSWORD_FILE: "f" },
      { redisSentinelUser: "u" },
    ],
    [
      { WEIR_REDIS_USER: "u", WEIR_REDIS_PASSWORD_FILE: "f" },
      { redisUser: "u", redisPasswordFile: "f" },
    ],
    [{ WEIR_REDIS_USER: "u", WEIR_REDIS_URL: "redis://:pw@a" }, { redisUser: "u" }],
    [{ WEIR_REDIS_URL: "redis://u@a", WEIR_REDIS_PASSWORD_FILE: "f" }, { redisPasswordFile: "f" }],
    [
      { ...TLS, WEIR_REDIS_TLS_CERT: "c", WEIR_REDIS_TLS_KEY: "k" },
      { redisTlsCert: "c", redisTlsKey: "k" },
    ],
    [{ WEIR_REDIS_CLUSTER_TAGS: "1024", WEIR_REDIS_CONNECT_TIMEOUT: "2s" }, { redisClusterTags: 1024 }],
    [{ WEIR_READY_WITHOUT_STORE: "true" }, { readyWithoutStore: true }],
  ])("are taken: %j", (env, expected) => {
    const { settings, errors } = readSettings(env, []);
    expect(errors).toBeUndefined();
    expect(settings).toMatchObject(expected);
  });

  it.each([
    [
      { WEIR_REDIS_URL: "redis://:hunter2@a,b" },
      "WEIR_REDIS_URL has several hosts, which requires WEIR_REDIS_TOPOLOGY=sentinel or cluster",
    ],
    [
      { WEIR_REDIS_TOPOLOGY: "cluster", WEIR_REDIS_URL: "unix:///run/redis.sock" },
      "WEIR_REDIS_URL is a Unix socket, which requires WEIR_REDIS_TOPOLOGY=single",
    ],
    [
      { WEIR_REDIS_TOPOLOGY: "cluster", WEIR_REDIS_URL: "redis://a/1" },
      "WEIR_REDIS_URL has a database, but a Cluster has no database other than 0",
    ],
    [
      { WEIR_REDIS_TOPOLOGY: "sentinel" },
      "WEIR_REDIS_SENTINEL_MASTER is required when WEIR_REDIS_TOPOLOGY is sentinel",
    ],
    [{ WEIR_REDIS_SENTINEL_MASTER: "m" }, "WEIR_REDIS_SENTINEL_MASTER requires WEIR_REDIS_TOPOLOGY=sentinel"],
    [
      { WEIR_REDIS_SENTINEL_PASSWORD_FILE: "f" },
      "WEIR_REDIS_SENTINEL_PASSWORD_FILE requires WEIR_REDIS_TOPOLOGY=sentinel",
    ],
    [
      { ...SENTINEL, WEIR_REDIS_SENTINEL_USER: "u" },
      "WEIR_REDIS_SENTINEL_USER requires WEIR_REDIS_SENTINEL_PASSWORD_FILE",
    ],
    [
      { WEIR_REDIS_USER: "u", WEIR_REDIS_URL: "redis://v:hunter2@a" },
      "WEIR_REDIS_USER and a user in WEIR_REDIS_URL must not both be set",
    ],
    [
      { WEIR_REDIS_PASSWORD_FILE: "f", WEIR_REDIS_URL: "redis://:hunter2@a" },
      "WEIR_REDIS_PASSWORD_FILE and a password in WEIR_REDIS_URL must not both be set",
    ],
    [{ WEIR_REDIS_USER: "u" }, "WEIR_REDIS_USER requires WEIR_REDIS_PASSWORD_FILE or a password in WEIR_REDIS_URL"],
    [
      { ...SENTINEL, WEIR_REDIS_SENTINEL_PASSWORD_FILE: "f", WEIR_REDIS_SENTINEL_PASSWORD: "hunter2" },
      "WEIR_REDIS_SENTINEL_PASSWORD_FILE and WEIR_REDIS_SENTINEL_PASSWORD must not both be set",
    ],
    [
      { WEIR_REDIS_TLS_VERIFY_NAME: "false" },
      "WEIR_REDIS_TLS_VERIFY_NAME requires WEIR_REDIS_URL to start with rediss://",
    ],
    [{ WEIR_REDIS_TLS_CA: "f" }, "WEIR_REDIS_TLS_CA requires WEIR_REDIS_URL to start with rediss://"],
    [{ WEIR_REDIS_TLS_SERVER_NAME: "x" }, "WEIR_REDIS_TLS_SERVER_NAME requires WEIR_REDIS_URL to start with rediss://"],
    [{ ...TLS, WEIR_REDIS_TLS_CERT: "f" }, "WEIR_REDIS_TLS_CERT and WEIR_REDIS_TLS_KEY must be set together"],
    [{ WEIR_REDIS_CLUSTER_TAGS: "0" }, 'WEIR_REDIS_CLUSTER_TAGS must be a whole number from 1 to 1024, was "0"'],
    [{ WEIR_REDIS_TOPOLOGY: "ring" }, 'WEIR_REDIS_TOPOLOGY must be single, sentinel or cluster, was "ring"'],
  ])("are refused by name, and without secrets, where they contradict: %j", (env, error) => {
    expect(readSettings(env, [])).toEqual({ errors: [error] });
  });
});

describe("files that settings about Redis name", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-settings-"));
  const authority = new TestAuthority();
  const first = authority.sign("first");
  const second = authority.sign("second");
  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(authority.folder, { recursive: true });
  });

  const fileWith = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  function settingsOf(env: Readonly<Record<string, string>>): Settings {
    const { settings, errors } = readSettings({ WEIR_STORE: "redis", ...env }, []);
    if (settings === undefined) throw new Error(errors.join("\n"));
    return settings;
  }

  it("are taken when they can be used", () => {
    const options = redisLinkOptions(
      settingsOf({
        ...TLS,
        WEIR_REDIS_TLS_CA: authority.caFile,
        WEIR_REDIS_TLS_CERT: first.certFile,
        WEIR_REDIS_TLS_KEY: first.keyFile,
        WEIR_REDIS_PASSWORD_FILE: fileWith("good", "secret\n"),
      }),
    );
    expect(options.tls).toEqual({
      caFile: authority.caFile,
      certFile: first.certFile,
      keyFile: first.keyFile,
      serverName: undefined,
      verifiesName: true,
    });
  });

  it("are refused all at once, each by the name of its setting", () => {
    const settings = settingsOf({
      ...SENTINEL,
      ...TLS,
      WEIR_REDIS_PASSWORD_FILE: join(folder, "none"),
      WEIR_REDIS_SENTINEL_PASSWORD_FILE: fileWith("empty", "\n"),
      WEIR_REDIS_TLS_CA: fileWith("text", "not PEM"),
      WEIR_REDIS_TLS_CERT: first.certFile,
      WEIR_REDIS_TLS_KEY: second.keyFile,
    });
    expect(faultsOf(settings)).toEqual([
      "WEIR_REDIS_PASSWORD_FILE: the file cannot be read (ENOENT)",
      "WEIR_REDIS_SENTINEL_PASSWORD_FILE: the file is empty",
      "WEIR_REDIS_TLS_CA: the file contains no PEM certificate",
      "WEIR_REDIS_TLS_KEY: the file contains no unencrypted PEM private key that matches the certificate",
    ]);
  });

  it("are refused when they cannot be read, or hold no certificate", () => {
    const settings = settingsOf({
      ...TLS,
      WEIR_REDIS_TLS_CA: folder,
      WEIR_REDIS_TLS_CERT: fileWith("text", "not PEM"),
      WEIR_REDIS_TLS_KEY: join(folder, "none"),
    });
    expect(faultsOf(settings)).toEqual([
      "WEIR_REDIS_TLS_CA: the file cannot be read (EISDIR)",
      "WEIR_REDIS_TLS_CERT: the file contains no PEM certificate",
      "WEIR_REDIS_TLS_KEY: the file cannot be read (ENOENT)",
    ]);
  });

  function faultsOf(settings: Settings): readonly string[] {
    try {
      redisLinkOptions(settings);
    } catch (error) {
      if (error instanceof StartError && error.exitCode === 2) return error.lines;
      throw error;
    }
    return [];
  }
});
