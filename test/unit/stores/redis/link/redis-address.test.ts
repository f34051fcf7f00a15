import { describe, expect, it } from "vitest";
import { describeAddress, parseRedisUrl } from "../../../../../src/stores/redis/link/redis-address.js";

describe("a Redis URL", () => {
  it.each([
    ["redis://127.0.0.1", { host: "127.0.0.1", port: 6379, db: 0 }],
    ["redis://redis.svc:6380/2", { host: "redis.svc", port: 6380, db: 2 }],
    ["redis://[::1]:7000/", { host: "::1", port: 7000, db: 0 }],
    ["redis://:p%40ss@redis", { host: "redis", port: 6379, db: 0, password: "p@ss" }],
    ["redis://me:s%2Fe@redis", { host: "redis", port: 6379, db: 0, username: "me", password: "s/e" }],
    ["redis://me@redis", { host: "redis", port: 6379, db: 0, username: "me", password: "" }],
    ["rediss://redis:6380", { host: "redis", port: 6380, db: 0, tls: {} }],
    ["unix:///run/my%20redis.sock", { path: "/run/my redis.sock" }],
  ])("%s is understood", (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  it.each([
    ["secret", "the Redis URL is not a URL"],
    ["http://me:secret@redis", "the Redis URL must start with redis://, rediss:// or unix://"],
    ["redis://", "the Redis URL has no host"],
    ["redis://me:secret@redis/first", "the Redis URL's path must be the number of a database"],
    ["redis://:secret@redis/?enableOfflineQueue=true", "the Redis URL must not have a query or a fragment"],
    ["redis://:secret@redis#1", "the Redis URL must not have a query or a fragment"],
    ["redis://:secret%@redis", "the Redis URL has a % that is not followed by two hexadecimal digits"],
    ["unix://host/run/redis.sock", "the Redis URL must be unix:///path/to/socket"],
  ])("%s is refused without repeating it", (url, message) => {
    let thrown: unknown;
    try {
      parseRedisUrl(url);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    expect((thrown as TypeError).message).toBe(message);
    expect((thrown as TypeError).cause).toBeUndefined();
  });

  it("is described to people without user and password", () => {
    expect(describeAddress(parseRedisUrl("rediss://me:secret@redis:1234/5"))).toBe("redis:1234");
    expect(describeAddress(parseRedisUrl("redis://[::1]"))).toBe("[::1]:6379");
    expect(describeAddress(parseRedisUrl("unix:///run/redis.sock"))).toBe("/run/redis.sock");
  });
});
