import { get } from "node:http";
import { parseList } from "structured-headers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { type Envoy, replaceIn, startEnvoy } from "../support/envoy.js";
import type { HttpAnswer } from "../support/http-client.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// What the client behind a real Envoy sees of WEIR_RESPONSE_HEADERS, together with Envoy's own X-RateLimit headers.

const ENVOYS_RETRY_AFTER = "enable_retry_after_header: true";

interface Setup {
  readonly weir: WeirProcess;
  readonly envoy: Envoy;
}

async function start(responseHeaders: string, edit?: (yaml: string) => string): Promise<Setup> {
  const weir = await startWeir({ env: { WEIR_RESPONSE_HEADERS: responseHeaders } });
  const envoy = await startEnvoy({ weirPort: weir.grpcPort, ...(edit === undefined ? {} : { edit }) });
  return { weir, envoy };
}

async function stop(setup: Setup | undefined): Promise<void> {
  await setup?.envoy.stop();
  await setup?.weir.stop();
}

/** The answers to so many requests of one new client. */
async function answers({ envoy }: Setup, count: number, path: string): Promise<HttpAnswer[]> {
  const from = newClient();
  const all: HttpAnswer[] = [];
  for (let i = 0; i < count; i++) all.push(await envoy.get(path, { from }));
  return all;
}

function policies(field: string | undefined): Record<string, Record<string, unknown>> {
  const items = parseList(field ?? "").map(([name, parameters]) => [String(name), Object.fromEntries(parameters)]);
  return Object.fromEntries(items);
}

describe("with all headers of Weir, and Envoy's own but for Retry-After", () => {
  let setup: Setup;

  beforeAll(async () => {
    const edit = (yaml: string): string => replaceIn(yaml, ENVOYS_RETRY_AFTER, "enable_retry_after_header: false");
    setup = await start("ratelimit,ratelimit-policy,retry-after,rule", edit);
  });

  afterAll(() => stop(setup));

  it("a client that is let through learns its limits from the upstream's answer, twice over", async () => {
    const [first] = await answers(setup, 1, "/login");
    expect(first).toMatchObject({ status: 200, body: "hello from the shop\n" });
    const { headers } = first!;
    expect(policies(headers["ratelimit-policy"])).toEqual({
      "per-client": { q: 30, w: 60, "weir-burst": 5 },
      logins: { q: 2, w: 60 },
    });
    expect(policies(headers.ratelimit)).toEqual({ "per-client": { r: 4, t: 2 }, logins: { r: 1, t: 30 } });
    expect(headers["x-ratelimit-limit"]).toContain('2, 30;w=60;name="per-client", 2;w=60;name="logins"');
    expect(headers["x-ratelimit-remaining"]).toBe("1");
    expect(headers).not.toHaveProperty("retry-after");
    expect(headers).not.toHaveProperty("x-weir-rule");
  });

  it("a client that is refused learns by which rule, and when to come back, and both ways agree", async () => {
    const refused = (await answers(setup, 3, "/login")).at(-1)!;
    expect(refused.status).toBe(429);
    const { headers } = refused;
    expect(headers["x-weir-rule"]).toBe("path=/login > remote_address");
    expect(Object.keys(policies(headers.ratelimit))).toEqual(["logins"]);
    expect(policies(headers.ratelimit).logins).toMatchObject({ r: 0 });
    expect(String(policies(headers.ratelimit).logins?.t)).toBe(headers["retry-after"]);
    expect(headers["x-ratelimit-reset"]).toBe(headers["retry-after"]);
    expect(["29", "30"]).toContain(headers["retry-after"]);
  });

  it("a client without limits is told nothing", async () => {
    const [free] = await answers(setup, 1, "/health");
    expect(Object.keys(free!.headers).filter((name) => name.startsWith("ratelimit"))).toEqual([]);
  });
});

describe("with Envoy's own Retry-After", () => {
  let setup: Setup;

  beforeAll(async () => {
    setup = await start("ratelimit,rule");
  });

  afterAll(() => stop(setup));

  it("there is one Retry-After, which agrees with RateLimit, as long as Weir's is not asked for", async () => {
    const { headers, status } = (await answers(setup, 6, "/")).at(-1)!;
    expect(status).toBe(429);
    expect(headers["retry-after"]).toMatch(/^[12]$/);
    expect(String(policies(headers.ratelimit)["per-client"]?.t)).toBe(headers["retry-after"]);
    expect(headers["x-weir-rule"]).toBe("remote_address");
    expect(headers).not.toHaveProperty("ratelimit-policy");
  });
});

describe("with both Retry-After", () => {
  let setup: Setup;

  beforeAll(async () => {
    setup = await start("retry-after");
  });

  afterAll(() => stop(setup));

  /** Every value of a header: Node itself shows only the first Retry-After among the headers of an answer. */
  function rawValues(url: string, localAddress: string, name: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: false, localAddress }, (response) => {
        const { rawHeaders } = response.resume();
        resolve(rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name));
      });
      request.on("error", reject);
    });
  }

  it("the client sees one, since Envoy and Weir say the same", async () => {
    const from = newClient();
    for (let i = 0; i < 5; i++) await setup.envoy.get("/", { from });
    const values = await rawValues(`${setup.envoy.url}/`, from, "retry-after");
    expect(values).toHaveLength(1);
    expect(values[0]).toMatch(/^[12]$/);
  });
});
