import { defineConfig } from "vitest/config";

/** The tests that `npm run mutate` runs against each change that Stryker makes: pure ones, without real programs. */
export default defineConfig({
  test: {
    environment: "node",
    include: [
      "test/unit/{limits,engine}/**/*.test.ts",
      "test/unit/stores/memory/memory-store.test.ts",
      "test/unit/rules/{match,wildcard,network,regex}*.test.ts",
    ],
    testTimeout: 30_000,
  },
});
