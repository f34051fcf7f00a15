import { describe, expect, it } from "vitest";
import { describeAddress, parseRedisUrl } from "../../../../../src/stores/redis/link/redis-address.js";

const PLAIN = { database: 0, isTls: false };

describe("a Redis URL", () => {
  it.each([
    ["redis://127.0.0.1", { ...PLAIN, hosts: [{ host: "127.0.0.1", port: 6379 }] }],
    ["redis://redis.svc:6380/2", { ...PLAIN, hosts: [{ host: "redis.svc", port: 6380 }], database: 2 }],
    ["redis://[::1]:7000/", { ...PLAIN, hosts: [{ host: "::1", port: 7000 }] }],
    ["redis://:p%40ss@redis", { ...PLAIN, hosts: [{ host: "redis", port: 6379 }], password: "p@ss" }],
    ["redis://me:s%2Fe@redis", { ...PLAIN, hosts: [{ host: "redis", port: 6379 }], user: "me", password: "s/e" }],
    ["redis://me:a@b@redis", { ...PLAIN, hosts: [{ host: "redis", port: 6379 }], user: "me", password: "a@b" }],
    ["redis://me@redis", { ...PLAIN, hosts: [{ host: "redis", port: 6379 }], user: "me", password: "" }],
    ["rediss://redis:6380", { ...PLAIN, hosts: [{ host: "redis", port: 6380 }], isTls: true }],
    [
      "redis://me:a,b@one,[::1],three:3/1",
      {
        hosts: [
          { host: "one", port: 6379 },
          { host: "::1", port: 6379 },
          { host: "three", port: 3 },
        ],
        user: "me",
        password: "a,b",
        database: 1,
        isTls: false,
      },
    ],
    ["unix:///run/my%20redis.sock", { ...PLAIN, hosts: [], path: "/run/my redis.sock" }],
  ])("%s is understood", (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  it("may have another port where none is given", () => {
    expect(parseRedisUrl("redis://a,b:1", 26_379).hosts.map(({ port }) => port)).toEqual([26_379, 1]);
  });

  it.each([
    ["secret", "the Redis URL is not a URL"],
    ["redis://me:secret@redis:99999", "the Redis URL is not a URL"],
    ["redis://me:secret@a b", "the Redis URL is not a URL"],
    ["http://me:secret@redis", "the Redis URL must start with redis://, rediss:// or unix://"],
    ["redis://", "the Redis URL has no host"],
    ["redis://me:secret@one,,two", "the Redis URL has no host"],
    ["redis://me:secret@:6379", "the Redis URL has no host"],
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
    expect(describeAddress(parseRedisUrl("redis://:secret@[::1],b:2"))).toBe("[::1]:6379, b:2");
    expect(describeAddress(parseRedisUrl("unix:///run/redis.sock"))).toBe("/run/redis.sock");
  });
});
