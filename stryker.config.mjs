/** Mutation testing, `npm run mutate`: each change of this code must make a test fail. */
export default {
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutate.config.ts" },
  plugins: ["@stryker-mutator/vitest-runner"],
  mutate: [
    "src/limits/**/*.ts",
    "src/engine/**/*.ts",
    "src/rules/{match,match-memory,wildcard,network,network-table,regex-list}.ts",
  ],
  // Stryker would rewrite it with the compiler's API, which TypeScript 7 does not have; vitest does not need that.
  tsconfigFile: "tsconfig.not-for-stryker.json",
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  concurrency: 2,
  reporters: ["clear-text", "progress", "json"],
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  jsonReporter: { fileName: "reports/mutation.json" },
  tempDirName: ".tools/stryker",
  thresholds: { high: 95, low: 90, break: 90 },
};
