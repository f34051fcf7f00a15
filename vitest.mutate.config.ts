import { defineConfig } from "vitest/config";

/** The tests that `npm run mutate` runs against each change that Stryker makes: pure ones, without real programs. */
export default defineConfig({
  test: {
    environment: "node",
    include: [
      "test/unit/{limits,engine,stores}/**/*.test.ts",
      "test/unit/rules/{match,wildcard,network,regex}*.test.ts",
    ],
    exclude: ["test/unit/stores/redis/**"],
    testTimeout: 30_000,
  },
});
