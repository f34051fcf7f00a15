import { describe, expect, it } from "vitest";
import { helmNotes } from "../support/k8s/manifests.js";

const ELSEWHERE = [{ ipBlock: { cidr: "10.20.0.0/16" } }];

describe("the notes of `helm install`", () => {
  it("warn that no pod becomes ready when there is no Redis", async () => {
    const notes = await helmNotes({});
    expect(notes).toContain("WARNING: NO REDIS");
    expect(notes).toContain("redis://weir-redis:6379");
    expect(notes).toContain("a Service in edge");
  });

  it.each([
    [{ redis: { deploy: true } }],
    [{ settings: { WEIR_STORE: "memory" } }],
    [{ settings: { WEIR_REDIS_URL: "unix:///run/redis/redis.sock" } }],
    [{ redis: { url: "redis://redis.example.com" }, networkPolicy: { redis: ELSEWHERE } }],
    [{ redis: { url: "redis://redis.example.com:6380/2" }, networkPolicy: { enabled: false } }],
    [
      {
        redis: { url: "redis://a:26379,b:26379,[fd00::1]:26379" },
        networkPolicy: { redis: ELSEWHERE, redisPorts: [6379, 26379] },
      },
    ],
  ])("warn of nothing with %j", async (values) => {
    expect(await helmNotes(values)).not.toContain("WARNING");
  });

  it("warn that the NetworkPolicy may not let Weir reach the Redis of redis.url", async () => {
    const notes = await helmNotes({ redis: { url: "rediss://redis.example.com:6380" } });
    expect(notes).not.toContain("NO REDIS");
    expect(notes).toContain("pods with the label app.kubernetes.io/name=redis");
    expect(notes).toContain("port 6380 of redis.example.com:6380: add it to networkPolicy.redisPorts");
  });

  it("name each host whose port the NetworkPolicy does not have, and show no password", async () => {
    const settings = { WEIR_REDIS_URL: "redis://weir:hunter2@a,[fd00::1]:7000,c:26379/3" };
    const notes = await helmNotes({ settings, networkPolicy: { redis: ELSEWHERE, redisPorts: [26379] } });
    expect(notes.match(/port \d+ of \S+:/g)).toEqual(["port 6379 of a:", "port 7000 of [fd00::1]:7000:"]);
    expect(notes).not.toContain("hunter2");
  });
});
