import { afterEach, describe, expect, it } from "vitest";
import { http } from "../support/http-client.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

let redis: RedisServer | undefined;
let weir: WeirProcess | undefined;

afterEach(async () => {
  await weir?.stop();
  await redis?.stop();
  [weir, redis] = [undefined, undefined];
});

describe("a Weir that is not ready", () => {
  it("says why at /readyz and in its log, without the password, and says when it is", async () => {
    redis = await startRedis({ args: ["--requirepass", "right-one"], password: "right-one" });
    const redisUrl = `redis://:wrong-one@127.0.0.1:${redis.port}`;
    weir = await startWeir({ redisUrl, awaited: "/healthz" });
    const { httpUrl, output } = weir;
    const answer = await until("Redis has refused it", async () => {
      const { status, body } = await http(`${httpUrl}/readyz`);
      return status === 503 && body.includes("WRONGPASS") ? body : undefined;
    });
    expect(answer).toContain(
      `the redis store has not been reached yet: no connection to Redis at 127.0.0.1:${redis.port}`,
    );
    const line = await until("it is logged", () => /^.*"not ready yet".*$/m.exec(output())?.[0]);
    expect(JSON.parse(line)).toMatchObject({ level: "warn", reasons: [expect.stringContaining("WRONGPASS")] });
    expect(output()).not.toContain('"msg":"ready"');
    await redis.command("CONFIG", "SET", "requirepass", "wrong-one");
    await until("it is ready", () => output().includes('"msg":"ready"') || undefined);
    expect((await http(`${httpUrl}/readyz`)).status).toBe(200);
    expect(output() + answer).not.toContain("wrong-one");
  });
});
