import { afterAll, beforeAll, expect, it } from "vitest";
import { type Envoy, replaceIn, startEnvoy } from "../support/envoy.js";
import type { HttpAnswer } from "../support/http-client.js";
import { sumOf } from "../support/metrics-text.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// The shipped recipe for language models: burst 500, 100 tokens a second, max_debt 2000.

let weir: WeirProcess;
let envoy: Envoy;
/** Reports what the request says that it costs, so that refused requests report a cost too. */
let eager: Envoy;

beforeAll(async () => {
  weir = await startWeir();
  envoy = await startEnvoy({ weirPort: weir.grpcPort });
  const edit = (yaml: string): string =>
    replaceIn(yaml, "%DYNAMIC_METADATA(shop.llm:total_tokens)%", "%REQ(x-tokens)%");
  eager = await startEnvoy({ weirPort: weir.grpcPort, edit });
});

afterAll(async () => {
  await envoy?.stop();
  await eager?.stop();
  await weir?.stop();
});

/** How many calls Weir has answered for the recipe's rule: one for each peek and one for each reported cost. */
async function calls(): Promise<number> {
  return sumOf(await weir.metrics(), "weir_decisions_total", { rule: "llm_user" });
}

/** A request that costs so many tokens, and the report of that cost, which comes after the answer. */
async function ask(through: Envoy, user: string, tokens: number): Promise<HttpAnswer> {
  const before = await calls();
  const answer = await through.get("/v1/chat", { headers: { "x-user-id": user, "x-tokens": String(tokens) } });
  const expected = answer.status === 200 || through === eager ? 2 : 1;
  await until("the cost is reported", async () => ((await calls()) >= before + expected ? true : undefined));
  return answer;
}

/** A question without a cost: only whether the user is let through. It reports no tokens. */
function peek(user: string): Promise<HttpAnswer> {
  return envoy.get("/v1/chat", { headers: { "x-user-id": user } });
}

it("a request takes nothing before its answer, then what the answer cost", async () => {
  const first = await ask(envoy, "ann", 120);
  expect(first.status).toBe(200);
  expect(first.body).toContain('"total_tokens":120');
  expect(first.headers["x-ratelimit-limit"]).toBe('6000, 6000;w=60;name="llm-tokens"');
  expect(first.headers["x-ratelimit-remaining"]).toBe("500");
  // Time pays back 100 tokens a second meanwhile.
  const second = await ask(envoy, "bob", 400);
  expect(second.headers["x-ratelimit-remaining"]).toBe("500");
  const third = Number((await peek("bob")).headers["x-ratelimit-remaining"]);
  expect(third).toBeGreaterThanOrEqual(100);
  expect(third).toBeLessThan(500);
});

it("a cost beyond the bucket becomes a debt that refuses requests until it is paid back", async () => {
  const asked = performance.now();
  expect((await ask(envoy, "carl", 700)).status).toBe(200);
  const refused = await peek("carl");
  expect(refused.status).toBe(429);
  expect(refused.headers["x-ratelimit-remaining"]).toBe("0");
  const promised = Number(refused.headers["x-ratelimit-reset"]) * 1_000;
  expect(promised).toBeGreaterThanOrEqual(1_000);
  expect(promised).toBeLessThanOrEqual(2_000);
  await until("carl has paid", async () => ((await peek("carl")).status === 200 ? true : undefined));
  // A debt of 200 at 100 a second.
  expect(performance.now() - asked).toBeGreaterThanOrEqual(2_000);
});

it("a debt is never deeper than max_debt", async () => {
  expect((await ask(envoy, "dora", 1_000_000)).status).toBe(200);
  const refused = await peek("dora");
  expect(refused.status).toBe(429);
  const reset = Number(refused.headers["x-ratelimit-reset"]);
  expect(reset).toBeGreaterThanOrEqual(18);
  expect(reset).toBeLessThanOrEqual(20);
});

it("requests in flight together all pay, though the first answer emptied the bucket", async () => {
  const before = await calls();
  const headers = { "x-user-id": "emil", "x-tokens": "400" };
  const answers = await Promise.all([1, 2, 3].map(() => envoy.get("/v1/chat", { headers })));
  const through = answers.filter((answer) => answer.status === 200).length;
  await until("all costs are reported", async () => ((await calls()) >= before + 3 + through ? true : undefined));
  // The first two fit or make a debt; each that was let through has paid its 400 in full.
  const { headers: told, status } = await peek("emil");
  expect(through).toBeGreaterThanOrEqual(2);
  expect(status).toBe(429);
  expect(Number(told["x-ratelimit-reset"])).toBeLessThanOrEqual((through * 400 - 500) / 100 + 1);
  expect(Number(told["x-ratelimit-reset"])).toBeGreaterThanOrEqual((through * 400 - 500) / 100 - 2);
});

it("costs that are reported for refused requests starve nobody", async () => {
  expect((await ask(eager, "fred", 800)).status).toBe(200);
  const asked = performance.now();
  const first = await ask(eager, "fred", 5_000);
  expect(first.status).toBe(429);
  const promised = Number(first.headers["x-ratelimit-reset"]) * 1_000;
  expect(promised).toBeLessThanOrEqual(3_000);
  for (let i = 0; i < 5; i++) expect((await ask(eager, "fred", 5_000)).status).toBe(429);
  await until("fred is let through", async () => ((await peek("fred")).status === 200 ? true : undefined));
  expect(performance.now() - asked).toBeLessThanOrEqual(promised + 1_000);
});

it("other users do not pay for a debt, and without a name there is no answer", async () => {
  expect((await ask(envoy, "gus", 2_000)).status).toBe(200);
  expect((await peek("gus")).status).toBe(429);
  expect((await peek("hans")).status).toBe(200);
  expect((await envoy.get("/v1/chat")).status).toBe(401);
});
