import type { Reporter, TestModule } from "vitest/node";

/**
 * Counts tests by how they ended. A test file that failed as a whole (it does not load, a hook threw) and an error
 * outside of any test are failures as well, though no test failed.
 */
function countTests(
  modules: readonly TestModule[],
  unhandledErrors: number,
): { passed: number; failed: number; skipped: number } {
  const counts = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") counts.passed++;
      else if (state === "failed") failedHere++;
      else counts.skipped++;
    }
    if (failedHere === 0 && !module.ok()) failedHere = 1;
    counts.failed += failedHere;
  }
  return counts;
}

/** The line that CI reads, alone and last: `N passed, N failed`, and `, N skipped` when there were any. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const { passed, failed, skipped } = countTests(modules, unhandledErrors.length);
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    process.stdout.write(`${passed} passed, ${failed} failed${tail}\n`);
  }
}
