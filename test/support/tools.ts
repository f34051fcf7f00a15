import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { findProgram, isExecutable, TOOLS } from "./find-program.js";

/** The release that the tests and envoy/envoy.yaml are written for. */
const ENVOY_SERIES = "1.40.";

function isWantedEnvoy(path: string | undefined): path is string {
  if (path === undefined || !isExecutable(path)) return false;
  try {
    return execFileSync(path, ["--version"], { encoding: "utf8", timeout: 20_000 }).includes(`/${ENVOY_SERIES}`);
  } catch {
    return false;
  }
}

function missing(what: string): Error {
  return new Error(
    `${what} is not on this machine: run \`bash scripts/ensure-tools.sh\` (\`npm test\` does so itself)`,
  );
}

/**
 * The path of an Envoy 1.40: `ENVOY_BIN`, the one in .tools, or one on PATH, whichever is of that release first.
 * @throws Error when there is none, with words on how to get it.
 */
export function envoyPath(): string {
  const candidates = [process.env.ENVOY_BIN, join(TOOLS, "envoy"), findProgram("envoy")];
  const found = candidates.find(isWantedEnvoy);
  if (found === undefined) throw missing(`Envoy ${ENVOY_SERIES}x`);
  return found;
}

/**
 * The path of redis-server.
 * @throws Error when there is none, with words on how to get it.
 */
export function redisServerPath(): string {
  const found = findProgram("redis-server");
  if (found === undefined) throw missing("redis-server");
  return found;
}

/**
 * The path of faketime, which runs a program with another clock.
 * @throws Error when there is none, with words on how to get it.
 */
export function faketimePath(): string {
  const found = findProgram("faketime");
  if (found === undefined) throw missing("faketime");
  return found;
}
