// Fuzzes the HTTP/2 and gRPC server for as long as it is told: test/proof/fuzz.test.ts with more time.
//
//   npm run fuzz -- --hours 2
//   npm run fuzz -- --minutes 10 --seed 12345
//   npm run fuzz -- --seed 12345 --round 678     that one round again
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "0" },
    minutes: { type: "string", default: "0" },
    seed: { type: "string" },
    round: { type: "string" },
  },
});
const seconds = Number(values.hours) * 3_600 + Number(values.minutes) * 60 || 20;
if (!(seconds > 0)) throw new Error("usage: npm run fuzz -- [--hours N] [--minutes N] [--seed N [--round N]]");
/** @type {NodeJS.ProcessEnv} */
const env = { ...process.env, WEIR_FUZZ_SECONDS: String(seconds) };
env.WEIR_FUZZ_SEED = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
if (values.round !== undefined) env.WEIR_FUZZ_ROUND = values.round;
const args = ["vitest", "run", "test/proof/fuzz.test.ts", "--disable-console-intercept"];
const { status } = spawnSync("npx", args, { stdio: "inherit", env });
process.exitCode = status ?? 1;
