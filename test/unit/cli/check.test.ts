import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { addServices } from "../../../src/grpc/add-services.js";
import { NativeGrpcServer } from "../../../src/grpc/native-grpc-server.js";
import { createShouldRateLimit } from "../../../src/grpc/rate-limit-service.js";
import { createRateLimiter } from "../../../src/grpc/rate-limiter-service.js";
import { engineUnderTest } from "../../support/engine-under-test.js";
import { freePort } from "../../support/free-port.js";
import { TestAuthority } from "../../support/grpc/certificates.js";
import { type Decide, type Servers, startServers } from "../../support/grpc-servers.js";
import { CliUnderTest } from "./cli-under-test.js";
import { TemporaryFolder } from "./temporary-folder.js";

const RULES = `
domain: shop
descriptors:
  - key: remote_address
    rate_limit: { requests_per_unit: 30, unit: minute, burst: 5, name: per-client }
  - key: path
    value: /login
    descriptors:
      - { key: remote_address, rate_limit: { requests_per_unit: 2, unit: hour, unit_multiplier: 6 } }
  - { key: path, value: /health, rate_limit: { unlimited: true } }
`;

/** A real server with these rules, all of its buckets full, and no time going by. */
function serveRules(): Promise<{ servers: Servers; addr: string }> {
  const { engine } = engineUnderTest(RULES, { responseHeaders: ["rule"] });
  return serve((request, caller) => engine.decide(request, caller));
}

let running: Servers | undefined;

async function serve(decide: Decide): Promise<{ servers: Servers; addr: string }> {
  running = await startServers(decide);
  return { servers: running, addr: `127.0.0.1:${running.grpcPort}` };
}

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function check(...argv: string[]): Promise<{ code: number; out: string; errors: string }> {
  const cli = new CliUnderTest();
  const code = await cli.run(["check", ...argv]);
  return { code, out: cli.out.join("\n"), errors: cli.errors.join("\n") };
}

describe("weir check", () => {
  it("asks the server and shows the answer, limit and all", async () => {
    const { addr } = await serveRules();
    const { code, out, errors } = await check("--addr", addr, "shop", "remote_address=192.0.2.7");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(out).toBe(`descriptor                code  limit                       remaining  reset
remote_address=192.0.2.7  OK    30 per minute (per-client)  4          2s

OK: let through`);
  });

  it("exits with 1 when the request is refused, and shows what the client would be told", async () => {
    const { addr } = await serveRules();
    const pairs = ["shop", "path=/login", "remote_address=192.0.2.7"];
    const { code, out } = await check("--addr", addr, "--repeat", "3", ...pairs);
    expect(code).toBe(1);
    expect(out).toBe(`call  descriptor                              code        limit          remaining  reset
1     path=/login > remote_address=192.0.2.7  OK          2 per 6 hours  1          3h
2     path=/login > remote_address=192.0.2.7  OK          2 per 6 hours  0          6h
3     path=/login > remote_address=192.0.2.7  OVER_LIMIT  2 per 6 hours  0          3h

3 calls: 2 let through, 1 refused
header  x-weir-rule: path=/login > remote_address`);
  });

  it("asks with several descriptors, wherever flags stand", async () => {
    const { addr } = await serveRules();
    const first = ["shop", "path=/health", "--descriptor", "path=/x", "--addr", addr];
    const { code, out } = await check(...first, "--descriptor", "path=/login", "remote_address=a=b");
    expect(code).toBe(0);
    expect(out.split("\n").slice(1, 4)).toEqual([
      "path=/health                      OK    unlimited      -          -",
      "path=/x                           OK    none           -          -",
      "path=/login > remote_address=a=b  OK    2 per 6 hours  1          3h",
    ]);
    expect((await check("--addr", addr, "shop", "--descriptor", "path=/x")).code).toBe(0);
  });

  it("writes one JSON object per call", async () => {
    const { addr } = await serveRules();
    const pairs = ["shop", "path=/login", "remote_address=a", "--descriptor", "path=/health"];
    const { code, out } = await check("--json", "--hits=2", "--repeat=2", "--addr", addr, ...pairs);
    expect(code).toBe(1);
    const descriptor = [
      { key: "path", value: "/login" },
      { key: "remote_address", value: "a" },
    ];
    const limit = { requestsPerUnit: 2, unit: "hour", unitMultiplier: 6 };
    const health = { descriptor: [{ key: "path", value: "/health" }], code: "OK", remaining: 4_294_967_295 };
    expect(out.split("\n").map((line) => JSON.parse(line))).toEqual([
      {
        call: 1,
        code: "OK",
        statuses: [{ descriptor, code: "OK", limit, remaining: 0, resetSeconds: 21_600 }, health],
      },
      {
        call: 2,
        code: "OVER_LIMIT",
        statuses: [{ descriptor, code: "OVER_LIMIT", limit, remaining: 0, resetSeconds: 21_600 }, health],
        headers: [{ key: "x-weir-rule", value: "path=/login > remote_address" }],
      },
    ]);
  });

  it("sends hits as Envoy does: 0 as a descriptor's own, so that it is a peek", async () => {
    const { engine } = engineUnderTest(RULES);
    const asked: unknown[] = [];
    const { addr } = await serve((request) => {
      asked.push([request.hitsAddend, ...request.descriptors.map((one) => one.hitsAddend)]);
      return engine.decide(request);
    });
    for (const hits of ["0", "7"]) await check("--addr", addr, "--hits", hits, "shop", "remote_address=a");
    await check("--addr", addr, "shop", "remote_address=a");
    expect(asked).toEqual([
      [0, 0],
      [7, undefined],
      [1, undefined],
    ]);
  });

  it("lets no value play tricks with the terminal", async () => {
    const { addr } = await serveRules();
    const { out } = await check("--addr", addr, "shop", "path=\u001b[2Jx");
    expect(out).toContain("path=\\u001b[2Jx");
    expect(out).not.toContain("\u001b");
  });
});

describe("weir check without an answer exits with 3 and says why", () => {
  it("when nobody listens", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const { code, out, errors } = await check("--addr", addr, "shop", "a=b");
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(errors).toMatch(new RegExp(`^weir check: no answer from ${addr}: UNAVAILABLE: .*ECONNREFUSED[^\\n]*$`));
    expect(errors).not.toContain("Resolution note");
  });

  it("when the answer is late", async () => {
    const { addr } = await serve(() => new Promise(() => {}));
    const { code, errors } = await check("--addr", addr, "--timeout", "300ms", "shop", "a=b");
    expect(code).toBe(3);
    expect(errors).toContain("DEADLINE_EXCEEDED");
  });

  it("when the server says no, after the calls that were answered", async () => {
    const { engine } = engineUnderTest(RULES);
    let calls = 0;
    const { addr } = await serve((request) => {
      calls += 1;
      if (calls === 2) throw new Error("a fault");
      return engine.decide(request);
    });
    const { code, out, errors } = await check("--addr", addr, "--repeat", "3", "shop", "remote_address=a");
    expect(code).toBe(3);
    expect(out).toContain("OK: let through");
    expect(errors).toContain("INTERNAL: internal error");
  });
});

describe("weir check over TLS", () => {
  const authority = new TestAuthority();
  const folder = new TemporaryFolder();
  const certificate = authority.sign("weir");
  const { engine } = engineUnderTest(RULES);
  const grpc = new NativeGrpcServer({}, { ...certificate, clientCaFile: authority.caFile });
  let addr = "";

  beforeAll(async () => {
    const decide: Decide = (request, caller) => engine.decide(request, caller);
    const reportFault = (): void => undefined;
    addServices(grpc, {
      shouldRateLimit: createShouldRateLimit({ decide, reportFault }),
      ...createRateLimiter({ check: decide, look: decide, reportFault }),
    });
    addr = `localhost:${await grpc.listen({ host: "localhost", port: 0 })}`;
  });

  afterAll(async () => {
    await grpc.shutdown(0);
    rmSync(authority.folder, { recursive: true });
  });

  const question = ["shop", "remote_address=a"];
  const client = ["--tls-cert", certificate.certFile, "--tls-key", certificate.keyFile];

  it("knows the server by its authority, and shows its own certificate", async () => {
    const { code, errors } = await check("--addr", addr, "--tls-ca", authority.caFile, ...client, ...question);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
  });

  it("trusts no other authority, and gets nowhere plain or without a certificate", async () => {
    const flags = [["--tls", ...client], [], ["--tls-ca", authority.caFile]];
    for (const given of flags) expect((await check("--addr", addr, ...given, ...question)).code).toBe(3);
  });

  it("says which file it cannot read, and that files are of no use", async () => {
    const missing = await check("--addr", addr, "--tls-ca", "/no/such.pem", ...question);
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.errors).toContain("weir check: --tls-ca: the file cannot be read (ENOENT)");
    const noise = folder.write("noise.pem", "noise");
    const broken = await check("--addr", addr, "--tls-cert", noise, "--tls-key", noise, ...question);
    expect(broken).toMatchObject({ code: 2 });
    expect(broken.errors).toContain(
      "--tls-cert: the file contains no PEM certificate; --tls-key: the file contains no unencrypted PEM private key",
    );
  });
});

describe("the command line of weir check", () => {
  it.each([
    [["--descriptor", "a=b"], "no DOMAIN given"],
    [["shop"], "no descriptor given: list its entries as KEY=VALUE"],
    [["shop", "a=b", "--descriptor"], "no descriptor given: list its entries as KEY=VALUE"],
    [["shop", "a"], '"a" is not KEY=VALUE'],
    [["shop", "=b"], '"=b" is not KEY=VALUE'],
    [["--addr", "nowhere", "shop", "a=b"], "--addr must be host:port"],
    [["--addr", "127.0.0.1:0", "shop", "a=b"], "--addr must be host:port"],
    [["--hits", "-1", "shop", "a=b"], "--hits needs a value"],
    [["--hits=4294967296", "shop", "a=b"], "--hits must be a whole number from 0 to 4294967295"],
    [["--repeat", "0", "shop", "a=b"], "--repeat must be a whole number from 1 to 10000"],
    [["--timeout", "10", "shop", "a=b"], "--timeout must be a duration"],
    [["--tls-cert", "x", "shop", "a=b"], "--tls-cert and --tls-key must be set together"],
    [["--adr", "x", "shop", "a=b"], "--adr is not a flag; did you mean --addr?"],
    [["--json=yes", "shop", "a=b"], "--json takes no value"],
  ])("is refused with 2 when it makes no sense: %j", async (argv, words) => {
    const { code, out, errors } = await check(...argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(errors).toContain(`weir check: ${words}`);
    expect(errors).toContain("Usage: weir check");
  });

  it("is explained by --help, within 120 columns", async () => {
    const { code, out } = await check("--help");
    expect(code).toBe(0);
    for (const flag of ["--addr", "--hits", "--repeat", "--timeout", "--json", "--tls", "--tls-ca", "--tls-cert"]) {
      expect(out).toContain(`  ${flag} `.trimEnd());
    }
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });
});
