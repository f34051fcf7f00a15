import { describe, expect, it } from "vitest";
import { startProofServer } from "../support/proof/proof-server.js";
import { runTool, type ToolRun } from "../support/proof/run-tool.js";

/** grpcurl exits with 64 and the code of the status. */
const NOT_FOUND = 64 + 5;
const UNIMPLEMENTED = 64 + 12;

async function grpcurl(...args: string[]): Promise<ToolRun> {
  const { port } = await startProofServer();
  const [flags, words] = [args.filter((arg) => arg.includes("=")), args.filter((arg) => !arg.includes("="))];
  return runTool("grpcurl", ["-plaintext", "-max-time", "20", ...flags, `127.0.0.1:${port}`, ...words]);
}

describe("grpcurl (grpc-go)", () => {
  it("lists the services through reflection", async () => {
    const { stdout } = await grpcurl("list");
    expect(stdout.trim().split("\n")).toContain("envoy.service.ratelimit.v3.RateLimitService");
  });

  it("calls a unary method", async () => {
    const proto = ["-import-path=proto", "-proto=envoy/service/ratelimit/v3/rls.proto"];
    const request = JSON.stringify({ domain: "shop", descriptors: [{ entries: [{ key: "path", value: "/" }] }] });
    const { stdout, exitCode } = await grpcurl(
      ...proto,
      `-d=${request}`,
      "envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ overallCode: "OK", statuses: [{ code: "OK" }] });
  });

  it("is told the state of a service", async () => {
    const proto = ["-import-path=node_modules/grpc-health-check/proto", "-proto=health/v1/health.proto"];
    const well = await grpcurl(...proto, "grpc.health.v1.Health/Check");
    expect(JSON.parse(well.stdout)).toEqual({ status: "SERVING" });
    const unwell = await grpcurl(...proto, '-d={"service":"ratelimit"}', "grpc.health.v1.Health/Check");
    expect(JSON.parse(unwell.stdout)).toEqual({ status: "NOT_SERVING" });
  });

  it("is told of what is not there", async () => {
    const proto = ["-import-path=node_modules/grpc-health-check/proto", "-proto=health/v1/health.proto"];
    const service = await grpcurl(...proto, '-d={"service":"no such"}', "grpc.health.v1.Health/Check");
    expect(service.exitCode).toBe(NOT_FOUND);
    const other = ["-import-path=test/proof", "-proto=no-such-service.proto"];
    expect((await grpcurl(...other, "test.NoSuchService/Call")).exitCode).toBe(UNIMPLEMENTED);
  });
});
