import { describe, expect, it } from "vitest";
import { doubtsAbout, readServerFacts, whyNoMaster } from "../../../../../src/stores/redis/link/server-facts.js";

const info = (...lines: string[]): string => `# Server\r\n${lines.join("\r\n")}\r\n`;

describe("what a server says of itself", () => {
  it("is read from INFO, as far as it is there", () => {
    const text = info(
      "redis_version:7.2.4",
      "role:slave",
      "loading:0",
      "maxmemory:1024",
      "maxmemory_policy:noeviction",
    );
    expect(readServerFacts(text)).toEqual({
      version: "7.2.4",
      role: "slave",
      isLoading: false,
      maxMemory: 1024,
      maxMemoryPolicy: "noeviction",
    });
    expect(readServerFacts("")).toEqual({ isLoading: false });
  });

  it.each([
    ["5.0.14", 1],
    ["6.0.16", 1],
    ["6.2.0", 0],
    ["7.0.15", 0],
    ["255.255.255", 0],
  ])("is doubted %j times %i for its age", (version, doubts) => {
    expect(doubtsAbout(readServerFacts(info(`redis_version:${version}`)))).toHaveLength(doubts);
  });

  it.each([
    ["1024", "allkeys-lru", 1],
    ["1024", "volatile-ttl", 1],
    ["1024", "noeviction", 0],
    ["0", "allkeys-lru", 0],
  ])("with the bound %s and the policy %s has %i doubts", (bound, policy, doubts) => {
    expect(doubtsAbout(readServerFacts(info(`maxmemory:${bound}`, `maxmemory_policy:${policy}`)))).toHaveLength(doubts);
  });

  it("keeps charges from replicas and from servers that are not there yet", () => {
    expect(whyNoMaster(readServerFacts(info("role:master", "loading:0")))).toBeUndefined();
    expect(whyNoMaster(readServerFacts(info("role:slave")))).toBe("it is a replica, not the master");
    expect(whyNoMaster(readServerFacts(info("role:master", "loading:1")))).toBe("it is still loading its data");
    expect(whyNoMaster(readServerFacts(info("redis_version:7.0.0")))).toBeUndefined();
  });
});
