import { resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Envoy, SHIPPED_CONFIGS, startEnvoy, validatedByEnvoy } from "../support/envoy.js";
import type { HttpAnswer } from "../support/http-client.js";
import { type LanguageModel, startLanguageModel } from "../support/language-model.js";
import { sumOf } from "../support/metrics-text.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// envoy/llm: each user may ask 10 requests a minute and 6000 tokens a minute, 1000 at once.

const TOKENS_A_SECOND = 100;

let model: LanguageModel;
let weir: WeirProcess;
let envoy: Envoy;

beforeAll(async () => {
  model = await startLanguageModel();
  weir = await startWeir({ rules: resolve(SHIPPED_CONFIGS, "llm/rules.yaml") });
  envoy = await startEnvoy({
    config: "llm/envoy.yaml",
    weirPort: weir.grpcPort,
    ports: new Map([[9_000, model.port]]),
  });
});

afterAll(async () => {
  await envoy?.stop();
  await weir?.stop();
  await model?.stop();
});

async function decisions(rule: string): Promise<number> {
  return sumOf(await weir.metrics(), "weir_decisions_total", { rule });
}

/** A request of `user`, and the report that follows its answer. */
async function ask(user: string, answer: string, tokens = 0): Promise<HttpAnswer> {
  const before = await decisions("llm_requests");
  const headers = { "x-user-id": user, "x-answer": answer, "x-tokens": String(tokens), "accept-encoding": "gzip" };
  const answered = await envoy.get("/v1/chat/completions", { headers });
  // Each request makes two calls with a descriptor of this rule: its charge, and what is given back, if only 0.
  await until("the end of the stream is reported", async () =>
    (await decisions("llm_requests")) >= before + 2 ? true : undefined,
  );
  return answered;
}

/** What is left in both buckets of a user, by Weir's own answer to a question that takes nothing. */
async function left(user: string): Promise<{ requests: number; tokens: number }> {
  const descriptors = ["llm_requests", "llm_tokens"].map((key) => ({
    entries: [{ key, value: user }],
    hitsAddend: "0",
  }));
  const answer = await fetch(`${weir.httpUrl}/json`, {
    method: "POST",
    body: JSON.stringify({ domain: "llm", descriptors }),
  });
  const { statuses } = (await answer.json()) as { statuses: { limitRemaining?: number }[] };
  const [requests = 0, tokens = 0] = statuses.map(({ limitRemaining = 0 }) => limitRemaining);
  return { requests, tokens };
}

it("the recipe passes Envoy's validation", () => {
  expect(validatedByEnvoy(resolve(SHIPPED_CONFIGS, "llm/envoy.yaml"))).toMatch(/OK$/);
});

it.each(["json", "events"])("what an answer as %s cost is taken from the tokens, once", async (kind) => {
  const asked = performance.now();
  const answer = await ask(`reader-${kind}`, kind, 900);
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('"total_tokens":900');
  const { tokens, requests } = await left(`reader-${kind}`);
  expect(tokens).toBeGreaterThanOrEqual(100);
  expect(tokens).toBeLessThanOrEqual(100 + ((performance.now() - asked) / 1_000) * TOKENS_A_SECOND);
  expect(requests).toBe(9);
});

it("events are passed on as they come, and a client that leaves early pays for what it was told until then", async () => {
  const leaving = new AbortController();
  const asked = performance.now();
  const headers = { "x-user-id": "leaver", "x-answer": "early-events", "x-tokens": "800" };
  const { body } = await fetch(`${envoy.url}/v1/chat/completions`, { headers, signal: leaving.signal });
  const first = await body!.getReader().read();
  expect(new TextDecoder().decode(first.value)).toContain('"delta":"4"');
  expect(performance.now() - asked).toBeLessThan(4_000);
  leaving.abort();
  const tokens = await until("the cost is taken", async () => {
    const now = (await left("leaver")).tokens;
    return now < 1_000 ? now : undefined;
  });
  expect(tokens).toBeGreaterThanOrEqual(200);
});

it("a user in debt is refused until it is paid back, for tokens, and no request is taken for that", async () => {
  expect((await ask("debtor", "events", 1_300)).status).toBe(200);
  const refused = await envoy.get("/v1/chat/completions", { headers: { "x-user-id": "debtor" } });
  expect(refused.status).toBe(429);
  expect(["2", "3"]).toContain(refused.headers["retry-after"]);
  expect((await left("debtor")).requests).toBe(9);
});

it.each(["failed", "cut"])("an answer that is %s gives the request back and costs no tokens", async (kind) => {
  const user = `unlucky-${kind}`;
  for (let i = 0; i < 15; i++) expect((await ask(user, kind)).status).toBe(503);
  expect(await left(user)).toEqual({ requests: 10, tokens: 1_000 });
});

it("an answer without a cost is free in tokens, but not in requests", async () => {
  for (let i = 0; i < 10; i++) expect((await ask("quiet", "silent")).status).toBe(200);
  expect(await left("quiet")).toEqual({ requests: 0, tokens: 1_000 });
  expect((await ask("quiet", "silent")).status).toBe(429);
  // A refusal is no failure of the model: nothing comes back.
  expect((await ask("quiet", "silent")).status).toBe(429);
});

it("whoever does not say who it is gets no answer", async () => {
  expect((await envoy.get("/v1/chat/completions")).status).toBe(401);
});
