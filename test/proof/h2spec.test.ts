import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TestAuthority } from "../support/grpc/certificates.js";
import { ECHO } from "../support/grpc/native-server.js";
import { startProofServer } from "../support/proof/proof-server.js";
import { runTool } from "../support/proof/run-tool.js";

/** The tests of h2spec that may be skipped, by section and name, with the reason. None. */
const MAY_BE_SKIPPED: readonly string[] = [];

/** All tests of h2spec 2.2.1, the newest that Go modules serve; --strict has one more. */
const TESTS = 145;
const STRICT_TESTS = 146;

interface Report {
  readonly passed: number;
  readonly failed: string[];
  readonly skipped: string[];
  /** The first parts of the sections: generic, http2, hpack. */
  readonly parts: string[];
}

/** Reads a report in JUnit's format, as h2spec writes it. */
function readReport(xml: string): Report {
  const cases = [...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)];
  const named = (has: string): string[] =>
    cases.filter(([, , , inside]) => inside!.includes(has)).map(([, section, name]) => `${section} ${name}`);
  const failed = [...named("<failure"), ...named("<error")];
  const skipped = named("<skipped");
  const parts = [...new Set(cases.map(([, section]) => section!.split("/")[0]!))].sort();
  return { passed: cases.length - failed.length - skipped.length, failed, skipped, parts };
}

async function h2spec(port: number, ...more: string[]): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "weir-h2spec-"));
  const path = join(folder, "report.xml");
  const sections = ["generic", "http2", "hpack"];
  const run = await runTool("h2spec", [...sections, "-p", `${port}`, "-P", ECHO, "-j", path, ...more]);
  const report = readReport(readFileSync(path, "utf8"));
  rmSync(folder, { recursive: true });
  if (run.exitCode !== 0 && report.failed.length === 0) throw new Error(`h2spec: ${run.stdout}${run.stderr}`);
  return report;
}

const PARTS = ["generic", "hpack", "http2"];

describe("h2spec finds no fault with the default server", () => {
  it("as it is", async () => {
    const { port, faults } = await startProofServer();
    const report = await h2spec(port);
    expect(report).toEqual({ passed: TESTS, failed: [], skipped: MAY_BE_SKIPPED, parts: PARTS });
    expect(faults).toEqual([]);
  });

  it("strictly", async () => {
    const { port, faults } = await startProofServer();
    const report = await h2spec(port, "--strict");
    expect(report).toEqual({ passed: STRICT_TESTS, failed: [], skipped: MAY_BE_SKIPPED, parts: PARTS });
    expect(faults).toEqual([]);
  });

  it("strictly, over TLS", async () => {
    const { certFile, keyFile } = new TestAuthority().sign("server");
    const { port, faults } = await startProofServer({ certFile, keyFile });
    const report = await h2spec(port, "--strict", "--tls", "--insecure");
    expect(report).toEqual({ passed: STRICT_TESTS, failed: [], skipped: MAY_BE_SKIPPED, parts: PARTS });
    expect(faults).toEqual([]);
  });
});

describe("its report", () => {
  it("is read for what failed and what was skipped", () => {
    const report = readReport(`
      <testcase package="http2/4.1" classname="one" time="0"></testcase>
      <testcase package="hpack/2" classname="two" time="0"><failure>
        wrong</failure></testcase>
      <testcase package="generic/3" classname="three" time="0"><skipped></skipped></testcase>`);
    const parts = ["generic", "hpack", "http2"];
    expect(report).toEqual({ passed: 1, failed: ["hpack/2 two"], skipped: ["generic/3 three"], parts });
  });
});
