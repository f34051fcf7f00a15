// npm run load -- steady: load tests through a real Envoy, two Weirs and a real Redis. See USAGE in options.ts and
// docs/load-tests.md. It starts them with what the tests have for that (test/support), which is TypeScript: Vite loads it.
import { resolve } from "node:path";
import { runnerImport } from "vite";

/** @typedef {typeof import("./load-tests.js")} LoadTests */

const file = resolve(import.meta.dirname, "load-tests.ts");
const { module } = await runnerImport(file, { configFile: false, root: resolve(import.meta.dirname, "../..") });
process.exitCode = await /** @type {LoadTests} */ (module).runLoadTests(process.argv.slice(2));
