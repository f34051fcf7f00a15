import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.js";
import { FaultTable } from "./test/support/faults/fault-table.js";

const TIMEOUT_MS = 30_000;

/** Images are built, and some engines copy the whole image for each container. */
const DOCKER_TIMEOUT_MS = 480_000;

/** A folder under test/. Projects of a lower order run first; those of one order share their workers. */
function project(
  name: string,
  order: number,
  maxWorkers: number,
  timeoutMillis = TIMEOUT_MS,
): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      environment: "node",
      pool: "forks",
      testTimeout: timeoutMillis,
      hookTimeout: timeoutMillis,
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
      // These hold real programs to deadlines of a few milliseconds: one file at a time on our two cores.
      project("faults", 1, 1),
      project("hostile", 1, 1),
      project("replicas", 1, 1),
      // These wait for real programs more than they are waited for: in pairs.
      project("conformance", 2, 2),
      project("service", 2, 2),
      project("proof", 2, 2),
      project("envoy", 2, 2),
      project("console", 2, 2),
      // Apart from these, which make networks: browsers drop what they wait for when there is another network.
      project("monitoring", 3, 2),
      project("k8s", 3, 2),
      project("docker", 3, 2, DOCKER_TIMEOUT_MS),
    ],
  },
});
