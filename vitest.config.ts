import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.js";
import { FaultTable } from "./test/support/faults/fault-table.js";

const TIMEOUT_MS = 30_000;

/** A folder under test/. Projects of a lower order run first; those of one order share their workers. */
function project(name: string, order: number, maxWorkers: number): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      environment: "node",
      pool: "forks",
      testTimeout: TIMEOUT_MS,
      hookTimeout: TIMEOUT_MS,
      maxWorkers,
      sequence: { groupOrder: order },
    },
  };
}

export default defineConfig({
  test: {
    reporters: ["default", new FaultTable(), new ClosingLine()],
    projects: [
      project("unit", 0, 2),
      // These talk to real programs against deadlines of a few milliseconds: one file at a time on our two cores.
      project("conformance", 1, 1),
      project("service", 1, 1),
      project("faults", 1, 1),
      project("hostile", 1, 1),
      project("proof", 1, 1),
      project("envoy", 1, 1),
      // These wait, for pages, scrapes and containers, more than they are waited for: in pairs.
      project("monitoring", 2, 2),
      project("k8s", 2, 2),
      project("console", 2, 2),
      project("docker", 2, 2),
    ],
  },
});
