import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { proofTool } from "../support/proof/proof-tools.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// Real programs ask a real Weir with the shipped rules: `weir check`, the example client, and grpcurl as the page has it.

const REPOSITORY = resolve(import.meta.dirname, "../..");

let weir: WeirProcess;

beforeAll(async () => {
  weir = await startWeir();
});

afterAll(() => weir?.stop());

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[]): Promise<Run> {
  return new Promise((done) => {
    execFile(command, args, { cwd: REPOSITORY, timeout: 20_000 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const node = (...args: string[]): Promise<Run> => run(process.execPath, args);
const address = (): string => `127.0.0.1:${weir.grpcPort}`;

describe("weir check as a program", () => {
  it("shows the answer and exits by it", async () => {
    const ask = (...more: string[]) =>
      node("dist/main.js", "check", "--addr", address(), ...more, "shop", "path=/login", "remote_address=192.0.2.1");
    const passed = await ask();
    expect(passed).toMatchObject({ code: 0, stderr: "" });
    expect(passed.stdout).toContain("path=/login > remote_address=192.0.2.1  OK    2 per minute (logins)  1");
    const refused = await ask("--repeat", "2", "--json");
    expect(refused).toMatchObject({ code: 1, stderr: "" });
    const codes = refused.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).code);
    expect(codes).toEqual(["OK", "OVER_LIMIT"]);
    const unanswered = await node("dist/main.js", "check", "--addr", "127.0.0.1:1", "shop", "a=b");
    expect(unanswered).toMatchObject({ code: 3, stdout: "" });
  });
});

describe("the example of the direct API", () => {
  it("goes on until it may not, and says when it may again", async () => {
    const { code, stdout } = await node("examples/direct-api/check-limit.mjs", address(), "shop", "api_key=trial-7");
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.replace(/7\d{3}\.\d/, "N")),
    ).toEqual([
      "status: allowed by api_key=trial-*, 3 left",
      "call 1: allowed by api_key=trial-*, 2 left",
      "call 2: allowed by api_key=trial-*, 1 left",
      "call 3: allowed by api_key=trial-*, 0 left",
      "call 4: refused by api_key=trial-*, again in Ns",
    ]);
  });

  it("goes on when nobody answers", async () => {
    const { code, stdout, stderr } = await node("examples/direct-api/check-limit.mjs", "127.0.0.1:1", "shop", "a=b");
    expect(code).toBe(0);
    expect(stdout).toContain("call 5: allowed, without the store");
    expect(stderr).toContain("checkLimit: ");
  });
});

describe("grpcurl", () => {
  it("asks as docs/direct-api.md has it, by reflection alone", async () => {
    const page = await readFile(resolve(REPOSITORY, "docs/direct-api.md"), "utf8");
    const [, json = ""] =
      /grpcurl -plaintext -d '([^']+)' 127\.0\.0\.1:8081 weir\.v1\.RateLimiter\/CheckLimit/.exec(page) ?? [];
    const ask = ["-plaintext", "-max-time", "20", "-d", json, address(), "weir.v1.RateLimiter/CheckLimit"];
    const { code, stdout } = await run(proofTool("grpcurl"), ask);
    expect(code).toBe(0);
    const [, answer = ""] = /```json\n([^`]+)```/.exec(page) ?? [];
    expect(JSON.parse(stdout)).toEqual(JSON.parse(answer));
  });
});
