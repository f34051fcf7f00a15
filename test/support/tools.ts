import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** Where scripts/ensure-tools.sh puts what it brings. */
const TOOLS = process.env.TOOLS_DIR ?? resolve(import.meta.dirname, "../../.tools");

/** The release that the tests and envoy/envoy.yaml are written for. */
const ENVOY_SERIES = "1.40.";

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first program of this name on PATH. */
function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

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
  const candidates = [process.env.ENVOY_BIN, join(TOOLS, "envoy"), onPath("envoy")];
  const found = candidates.find(isWantedEnvoy);
  if (found === undefined) throw missing(`Envoy ${ENVOY_SERIES}x`);
  return found;
}

/**
 * The path of redis-server.
 * @throws Error when there is none, with words on how to get it.
 */
export function redisServerPath(): string {
  const found = onPath("redis-server");
  if (found === undefined) throw missing("redis-server");
  return found;
}

/**
 * The path of faketime, which runs a program with another clock.
 * @throws Error when there is none, with words on how to get it.
 */
export function faketimePath(): string {
  const found = onPath("faketime");
  if (found === undefined) throw missing("faketime");
  return found;
}
