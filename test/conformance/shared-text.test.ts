import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemorySharedText } from "../../src/stores/memory/memory-shared-text.js";
import { openRedisLink } from "../../src/stores/redis/link/open-redis-link.js";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import { RedisSharedText } from "../../src/stores/redis/redis-shared-text.js";
import type { SharedText } from "../../src/stores/shared-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";

const LATER = Date.now() + 600_000;

/** @param open a text of its own for each test, and another hand that holds the same */
function describeSharedText(name: string, open: () => { readonly one: SharedText; readonly other: SharedText }): void {
  describe(`a text shared by ${name}`, () => {
    it("is none at first", async () => {
      const { one } = open();
      const { version, text, nowMillis } = await one.read("0");
      expect([version, text]).toEqual(["0", undefined]);
      expect(Math.abs(nowMillis - Date.now())).toBeLessThan(5_000);
      expect((await one.read("7")).text).toBe("");
    });

    it("is read by all who hold it, and not sent to who knows it", async () => {
      const { one, other } = open();
      const text = `line\n"${"ü".repeat(9)}\u0000\u{1f600}"\n`;
      const written = await one.replace("0", text, LATER);
      expect([written.replaced, written.text]).toEqual([true, undefined]);
      expect(await other.read("0")).toMatchObject({ version: written.version, text });
      expect((await other.read(written.version)).text).toBeUndefined();
    });

    it("is replaced only by who knows the one that is there, and has another version each time", async () => {
      const { one, other } = open();
      const first = await one.replace("0", "a", LATER);
      expect(await other.replace("0", "b", LATER)).toMatchObject({
        ...{ replaced: false, text: "a" },
        version: first.version,
      });
      const second = await other.replace(first.version, "a", LATER);
      const none = await one.replace(second.version, "", LATER);
      const again = await one.replace(none.version, "a", LATER);
      const versions = [first, second, again].map(({ version }) => version);
      expect(new Set(versions).size).toBe(3);
      expect((await other.read(second.version)).text).toBe("a");
    });

    it("keeps one of many that come at once, and tells the others", async () => {
      const { one, other } = open();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).replace("0", `text ${index}`, LATER)),
      );
      const winners = answers.flatMap(({ replaced }, index) => (replaced ? [`text ${index}`] : []));
      expect(winners).toHaveLength(1);
      expect((await one.read("0")).text).toBe(winners[0]);
    });
  });
}

describeSharedText("this process", () => {
  const one = new MemorySharedText();
  return { one, other: one };
});

describe("in Redis", () => {
  let redis: RedisServer;
  let links: RedisLink[];
  let opened = 0;

  beforeAll(async () => {
    redis = await startRedis();
    links = [1, 2].map(() => openRedisLink({ url: redis.url, scripts: [] }));
    for (const link of links) await until("the link is ready", () => link.isReady() || undefined);
  });

  afterAll(async () => {
    await Promise.all(links.map((link) => link.close()));
    await redis.stop();
  });

  const both = (prefix: string) => {
    const [one, other] = links.map((link) => new RedisSharedText(link, prefix, "controls"));
    return { one: one as SharedText, other: other as SharedText };
  };

  describeSharedText("replicas", () => both(`text-${opened++}:`));

  it("goes by itself when nobody needs it any more, and its version does not come again", async () => {
    const { one } = both("ending:");
    const first = await one.replace("0", "a", Date.now() + 50);
    await until("it is gone", async () => ((await one.read(first.version)).version === "0" ? true : undefined));
    expect((await one.replace("0", "b", LATER)).version).not.toBe(first.version);
  });

  it("is not mistaken for something else under its key", async () => {
    const { one } = both("odd:");
    await redis.command("SET", "odd:|controls", "something else");
    await expect(one.read("0")).rejects.toThrow("not a text that replicas of Weir share");
    await redis.command("DEL", "odd:|controls");
    await redis.command("LPUSH", "odd:|controls", "x");
    await expect(one.replace("0", "a", LATER)).rejects.toThrow("WRONGTYPE");
  });
});
