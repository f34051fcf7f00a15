import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAdmin, overallCode } from "../support/admin-client.js";
import { ControlPlane } from "../support/control-plane.js";
import { DirectClient } from "../support/direct-client.js";
import { GrpcClient } from "../support/grpc-client.js";
import { http } from "../support/http-client.js";
import { untilLogged } from "../support/log-lines.js";
import { launch } from "../support/program.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";
import { encodeConfig } from "../support/xds-messages.js";

const MAIN = resolve(import.meta.dirname, "../../dist/main.js");

/** A resource as Envoy Gateway makes one of a route with one rule. */
const gateway = (requests: number) => ({
  name: "default/eg/http",
  domain: "default/eg/http",
  descriptors: [
    {
      key: "shop/rule/0",
      value: "shop/rule/0",
      descriptors: [{ key: "rule-0-match-0", value: "", rate_limit: { requests_per_unit: requests, unit: "HOUR" } }],
    },
  ],
});
const ENTRIES = { "shop/rule/0": "shop/rule/0", "rule-0-match-0": "ann" };

let plane: ControlPlane;
let weir: WeirProcess;

beforeAll(async () => {
  plane = await ControlPlane.start();
  plane.set(gateway(2));
  weir = await startWeir({ env: environment() });
});

afterAll(async () => {
  await weir?.stop();
  plane?.stop();
});

const environment = (env: Record<string, string> = {}) => ({
  WEIR_RULES_FROM: "xds",
  WEIR_XDS_SERVER: plane.address,
  WEIR_XDS_BURST: "*/http=2x",
  ...env,
});
const call = (what: string) => callAdmin(weir.adminUrl, what);
const ask = () => overallCode(weir.httpUrl, "default/eg/http", ENTRIES);

function explain(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "explain", ...argv], { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("rules of a control plane", () => {
  it("limit, with the defaults that the settings give them", async () => {
    const codes = [await ask(), await ask(), await ask(), await ask(), await ask()];
    expect(codes).toEqual(["OK", "OK", "OK", "OK", "OVER_LIMIT"]);
  });

  it("are told by the admin API with where they come from", async () => {
    const { body: status } = await call("GET /api/v1/status");
    expect(status.rules).toMatchObject({ source: `xds://${plane.address}`, version: "1", domains: 1, rules: 1 });
    const { body } = await call("GET /api/v1/rules");
    expect(body.rules).toMatchObject([
      { rule: "shop/rule/0=shop/rule/0 > rule-0-match-0", source: { file: "xds:default/eg/http", line: 6, column: 9 } },
    ]);
    const { body: sources } = await call("GET /api/v1/sources");
    expect(sources).toMatchObject({ defaultAlgorithm: "token_bucket", next: null });
    expect(sources.parts[0].file).toBe("xds:default/eg/http");
    expect(sources.parts[0].text.split("\n")[5]).toBe('      - key: "rule-0-match-0"');
  });

  it("are explained by a running server, in the same place", () => {
    const pairs = Object.entries(ENTRIES).map(([key, value]) => `${key}=${value}`);
    const { status, stdout } = explain("--admin", weir.adminUrl, "default/eg/http", ...pairs);
    expect(status).toBe(0);
    expect(stdout).toContain("defined at  xds:default/eg/http:6:9\n");
    expect(stdout).toContain("burst 4");
    const nobody = explain("--admin", "http://127.0.0.1:9", "default/eg/http", ...pairs);
    expect(nobody).toMatchObject({ status: 3, stderr: expect.stringContaining("no answer from http://127.0.0.1:9") });
  });

  it("are not read again, by the API or a signal, since there is nothing to read", async () => {
    const { status, body } = await call("POST /api/v1/reload");
    expect(status).toBe(409);
    expect(body.error.message).toContain(`rules come from xds://${plane.address}`);
    process.kill(weir.pid, "SIGHUP");
    await until("the log says so", () => /nothing to reload/.exec(weir.output()) ?? undefined);
  });

  it("that have errors are told with their place, in the answer, the log, the status and the metrics", async () => {
    const rest = { name: "other", domain: "other", descriptors: [] };
    const broken = { ...gateway(1), descriptors: [{ key: "k", rate_limit: { requests_per_unit: 1 } }] };
    const version = plane.setBytes(encodeConfig(broken), encodeConfig(rest));
    const { ack, message } = await plane.answerTo(version);
    expect(ack).toBe(false);
    expect(message).toContain('xds:default/eg/http:4:5: descriptors[0] (key "k"): unit is required');
    const { body: status } = await call("GET /api/v1/status");
    expect(status.rules).toMatchObject({ version: "1", domains: 2, lastReload: { result: "partial" } });
    expect(status.rules.lastReload.faults).toEqual([expect.stringContaining("unit is required")]);
    expect(await weir.metrics()).toContain("weir_rules_last_reload_successful 0");
    expect(await untilLogged(weir, "unit is required")).toMatchObject([{ level: "error", version, more: 0 }]);
    expect(await ask()).toBe("OVER_LIMIT");
    expect((await plane.answerTo(plane.set(gateway(2)))).ack).toBe(true);
    expect(await weir.metrics()).toContain("weir_rules_last_reload_successful 1");
  });
});

describe("a start without rules", () => {
  it("is refused after a time that is set, and says why", () => {
    const env = environment({ WEIR_XDS_SERVER: "127.0.0.1:9", WEIR_XDS_START_TIMEOUT: "300ms" });
    const { status, stderr } = spawnSync(process.execPath, [MAIN, "serve"], {
      encoding: "utf8",
      env: { ...listenAnywhere, ...env },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /no rules were received from xds:\/\/127\.0\.0\.1:9 within 0\.3 s: .+ \(WEIR_XDS_START_TIMEOUT/,
    );
  });

  it("tells a control plane that says nothing from one that is not there", async () => {
    const silent = await ControlPlane.start();
    const env = environment({ WEIR_XDS_SERVER: silent.address, WEIR_XDS_START_TIMEOUT: "2s" });
    const program = await launch(process.execPath, [MAIN, "serve"], {
      cwd: process.cwd(),
      env: { ...listenAnywhere, ...env },
    });
    try {
      const said = await until("it gives up", () => /no rules were received from .*/.exec(program.output())?.[0]);
      expect(said).toContain("within 2 s: it has sent nothing (");
    } finally {
      await program.stop();
      silent.stop();
    }
  });

  it("waits in good order: a signal ends it", async () => {
    const env = { ...listenAnywhere, ...environment({ WEIR_XDS_SERVER: "127.0.0.1:9", WEIR_XDS_START_TIMEOUT: "0s" }) };
    const program = await launch(process.execPath, [MAIN, "serve"], { cwd: process.cwd(), env });
    await until("it has tried", () => /no connection to the control plane/.exec(program.output()) ?? undefined);
    expect(await program.stop()).toBe(0);
  });
});

describe("a Weir that may be ready without rules", () => {
  it("answers that it cannot decide until the first rules come, and goes by them then", async () => {
    const late = await ControlPlane.start();
    const env = { WEIR_XDS_START_WITHOUT_RULES: "true", WEIR_XDS_READY_WITHOUT_RULES: "true" };
    const early = await startWeir({ env: environment({ ...env, WEIR_XDS_SERVER: late.address }) });
    try {
      const request = { domain: "default/eg/http", descriptors: [{ entries: [{ key: "a", value: "b" }] }] };
      const json = { method: "POST", body: JSON.stringify(request) };
      const answer = await http(`${early.httpUrl}/json`, json);
      expect(answer).toMatchObject({ status: 503 });
      expect(answer.body).toContain("no rules have been received from the control plane yet");
      const grpc = new GrpcClient(early.grpcPort);
      await expect(grpc.shouldRateLimit(request)).rejects.toMatchObject({ code: 14 });
      // Applications have no proxy whose failure mode could decide.
      const direct = new DirectClient(early.grpcPort);
      expect(
        await direct.checkLimit({ domain: "default/eg/http", descriptors: [{ entries: [{ key: "a", value: "b" }] }] }),
      ).toMatchObject({
        allowed: true,
        degraded: true,
      });
      direct.close();
      grpc.close();
      expect(await early.metrics()).toContain('weir_decisions_total{domain="",rule="",outcome="no_rules"} 3');
      expect((await late.answerTo(late.set(gateway(2)))).ack).toBe(true);
      expect(await overallCode(early.httpUrl, "default/eg/http", ENTRIES)).toBe("OK");
      expect((await http(`${early.httpUrl}/json`, json)).status).toBe(200);
    } finally {
      await early.stop();
      late.stop();
    }
  });
});

const listenAnywhere = {
  WEIR_GRPC_LISTEN: "127.0.0.1:0",
  WEIR_HTTP_LISTEN: "127.0.0.1:0",
  WEIR_ADMIN_LISTEN: "",
};
