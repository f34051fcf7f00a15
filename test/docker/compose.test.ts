import { afterAll, beforeAll, expect, it } from "vitest";
import { docker } from "../support/docker/compose.js";
import { type ComposeStack, describeStack } from "../support/docker/compose-stack.js";
import { evenLoad, type LoadAnswer } from "../support/even-load.js";
import { http } from "../support/http-client.js";
import { until } from "../support/until.js";

// docker-compose.yml as containers. What it does to a client is seen through Envoy, and so is all else that can be.

const REPLICAS = ["weir-1", "weir-2"];

/** Days, so that no token comes back meanwhile. */
function rules(perDay: number): string {
  return `
domain: shop
descriptors:
  - { key: path, value: /internal/bulk, rate_limit: { unit: day, requests_per_unit: 50 } }
  - { key: path, value: /internal/busy, rate_limit: { unit: day, requests_per_unit: 5 } }
  - { key: path, value: /internal/again, rate_limit: { unit: day, requests_per_unit: 5 } }
  - { key: path, value: /internal/edited, rate_limit: { unit: day, requests_per_unit: ${perDay} } }
`;
}

let stack: ComposeStack;

beforeAll(async () => {
  stack = await describeStack(rules(2));
  await stack.compose("up", "--build", "--detach", "--wait", "envoy", "prometheus");
});

afterAll(async () => {
  await stack?.down().catch(() => undefined);
  await stack?.remove();
});

async function codes(count: number, path: string): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await stack.get(path)).status);
  return all;
}

/** Values by what the label `instance` says. */
async function query(expression: string): Promise<ReadonlyMap<string, number>> {
  const { body } = await http(`${stack.prometheusUrl}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = JSON.parse(body) as {
    data: { result: { metric: { instance: string }; value: [number, string] }[] };
  };
  return new Map(data.result.map(({ metric, value }) => [metric.instance, Number(value[1])]));
}

/** When the replicas' containers were started: another time is another start. */
async function startTimes(): Promise<string[]> {
  const ids = (await stack.compose("ps", "--quiet", ...REPLICAS)).trim().split("\n");
  return (await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", ...ids)).trim().split("\n").sort();
}

/** Fifty requests a second for this path while `action` runs. @returns their answers */
async function loadDuring(path: string, action: () => Promise<unknown>): Promise<readonly LoadAnswer[]> {
  let isOver = false;
  const load = evenLoad({
    urlOf: () => `${stack.frontUrl}${path}`,
    perSecond: 50,
    clients: 4,
    isOver: () => isOver,
  });
  try {
    await action();
  } finally {
    isOver = true;
    await load;
  }
  return load;
}

it("comes up healthy from nothing", async () => {
  const lines = (await stack.compose("ps", "--format", "json")).trim().split("\n");
  const found = lines.map((line) => JSON.parse(line) as { Service: string; Health: string });
  const health = Object.fromEntries(found.map(({ Service, Health }) => [Service, Health]));
  const healthy = ["envoy", "weir-1", "weir-2", "redis", "prometheus"].map((name) => [name, "healthy"]);
  expect(health).toEqual(Object.fromEntries(healthy));
});

it("the three requests of the README show a limit", async () => {
  expect(await codes(3, "/login")).toEqual([200, 200, 429]);
});

it("requests in flight over both replicas admit exactly the limit", async () => {
  const requests = Array.from({ length: 160 }, () => stack.get("/internal/bulk"));
  const statuses = (await Promise.all(requests)).map((answer) => answer.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(110);
});

it("Prometheus sees Envoy and both replicas, each of which decided", async () => {
  await until(
    "all targets are up",
    async () => {
      const up = await query("up == 1");
      return up.size === 3 ? up : undefined;
    },
    30_000,
  );
  const decided = await until(
    "Prometheus has seen the decisions so far",
    async () => {
      const counts = await query('sum by (instance) (weir_decisions_total{rule="path=/internal/bulk"})');
      const sum = [...counts.values()].reduce((total, count) => total + count, 0);
      return sum === 160 ? counts : undefined;
    },
    30_000,
  );
  expect([...decided.keys()].sort()).toEqual(["weir-1:8080", "weir-2:8080"]);
  for (const count of decided.values()) expect(count).toBeGreaterThan(20);
});

it("the console asks for the token, and the token is where docs/docker.md says", async () => {
  const url = `${stack.consoleUrl}/api/v1/rules`;
  expect((await http(url)).status).toBe(401);
  const token = await stack.compose("run", "--rm", "-T", "admin-token", "cat", "/run/weir/admin-token");
  expect((await http(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
});

it("an edited rule comes into force on both replicas, without a restart", async () => {
  const started = await startTimes();
  expect(await codes(4, "/internal/edited")).toEqual([200, 200, 429, 429]);
  await stack.writeRules(rules(0));
  await until(
    "both replicas have read the rules again",
    async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => stack.get("/internal/edited")));
      const limits = answers.map(({ headers }) => headers["x-ratelimit-limit"] ?? "");
      return limits.every((limit) => limit.startsWith("0,")) ? true : undefined;
    },
    30_000,
  );
  expect(await startTimes()).toEqual(started);
});

it("requests pass while Redis is stopped, and limits hold again when it is back, without a restart", async () => {
  const started = await startTimes();
  expect(await codes(6, "/internal/busy")).toEqual([200, 200, 200, 200, 200, 429]);
  const letThrough = (): Promise<number> => stack.envoyStat("cluster.services.ratelimit.failure_mode_allowed");
  const answers = await loadDuring("/internal/busy", async () => {
    await stack.compose("stop", "redis");
    await until("requests are let through", async () => ((await letThrough()) >= 20 ? true : undefined));
    await stack.compose("start", "redis");
    await until("both replicas charge again", async () => {
      const refused = (await codes(8, "/internal/busy")).every((code) => code === 429);
      return refused ? true : undefined;
    });
  });
  // Nobody failed, and nobody waited for a Redis that is not there.
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  expect(Math.max(...answers.map(({ sentMillis, answeredMillis }) => answeredMillis - sentMillis))).toBeLessThan(2_000);
  expect(await codes(6, "/internal/again")).toEqual([200, 200, 200, 200, 200, 429]);
  expect(await startTimes()).toEqual(started);
});

it("replicas that are replaced one after the other answer every call", async () => {
  const unanswered = (): Promise<number> => stack.envoyStat("cluster.services.ratelimit.error");
  const before = await unanswered();
  const answers = await loadDuring("/internal/orders", async () => {
    for (const replica of REPLICAS) {
      await stack.compose("up", "--detach", "--wait", "--no-deps", "--force-recreate", replica);
    }
  });
  expect(answers.length).toBeGreaterThan(500);
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(await unanswered()).toBe(before);
});

it("down leaves nothing", async () => {
  await stack.down();
  const mine = ["--quiet", "--filter", `label=com.docker.compose.project=${stack.project}`];
  expect(await docker("ps", "--all", ...mine)).toBe("");
  expect(await docker("volume", "ls", ...mine)).toBe("");
  expect(await docker("network", "ls", ...mine)).toBe("");
});
