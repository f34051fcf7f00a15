// Compiles and serves, and again on every change: `npm run dev -- --log-level debug`. Arguments go to `weir serve`.
// What does not compile leaves the server as it was. A signal stops the server, and its end is the end of this.
//
// Neither `tsc --watch` nor `node --watch` does this: the one of TypeScript 7.0 sees no changes inside a container, the
// other restarts for each file that the compiler writes and knows nothing of Lua scripts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const WATCHED = ["src", "proto"].map((folder) => resolve(root, folder));
/** Editors and version control write several files at once: this long without a change, in milliseconds. */
const QUIET_MS = 100;

/** @type {import("node:child_process").ChildProcess | undefined} */
let server;
/** @type {NodeJS.Timeout | undefined} */
let quiet;
let building = false;
let changed = false;
let stopping = false;

/** @returns {Promise<boolean>} whether everything compiled */
async function build() {
  const [code] = await once(
    spawn(process.execPath, [resolve(root, "scripts/build.mjs")], { stdio: "inherit" }),
    "exit",
  );
  return code === 0;
}

async function restart() {
  if (server !== undefined && server.exitCode === null && server.signalCode === null) {
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  }
  if (stopping) return;
  // A group of its own, or a Ctrl-C would reach it twice: from the terminal and from here.
  const args = [resolve(root, "dist/main.js"), "serve", ...process.argv.slice(2)];
  const started = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], detached: true });
  server = started;
  started.once("exit", (code, signal) => {
    if (stopping) process.exit(code ?? 1);
    if (server === started && !building)
      console.log(`dev: the server ended with ${signal ?? code}; waiting for a change`);
  });
}

async function rebuild() {
  changed = true;
  if (building) return;
  building = true;
  while (changed && !stopping) {
    changed = false;
    if (await build()) await restart();
    else console.log("dev: waiting for a change");
  }
  building = false;
}

for (const folder of WATCHED) {
  watch(folder, { recursive: true }, () => {
    clearTimeout(quiet);
    quiet = setTimeout(rebuild, QUIET_MS);
  });
}
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => {
    stopping = true;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) process.exit(0);
    server.kill(signal);
  });
}
await rebuild();
