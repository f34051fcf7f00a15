// Runs the commands of README.md, CONTRIBUTING.md and docs/*.md as they are written, page by page, in a fresh clone of this
// repository. A page's commands share a shell. What stands behind "```sh" says more (scripts/docs/page-commands.mjs):
//
//   background=8080   a server: it stays until the end of the page; the next commands run when this port is open
//   exits=2           the exit code that is right
//   prints=429        found in what is printed, a regular expression
//   needs=docker      not run unless asked for with --with docker
//
//   npm run docs                          all pages
//   npm run docs -- README docs/rules     these
//   npm run docs -- --with time,docker    with what takes long, and what needs a Docker engine, too
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { pageCommands } from "./docs/page-commands.mjs";
import { pageScript } from "./docs/page-script.mjs";

/** How long one page may take, milliseconds. */
const PAGE_MS = 30 * 60_000;

const root = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { with: { type: "string", default: "" } },
  allowPositionals: true,
});
const available = new Set(values.with.split(","));

/** README first: it installs the packages and builds. The commands of faults.md make faults, and have a test of their own. */
function pages() {
  const docs = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md") && name !== "faults.md")
    .sort();
  const all = ["README.md", "CONTRIBUTING.md", ...docs.map((name) => `docs/${name}`)];
  const chosen = all.filter((page) => positionals.includes(page.replace(/\.md$/, "")) || positionals.includes(page));
  if (chosen.length < positionals.length) throw new Error(`pages are ${all.join(", ")}`);
  return positionals.length === 0 ? all : chosen;
}

/**
 * A clone as a newcomer has it, and `weir` on the path.
 * @param {string} folder
 */
function makeClone(folder) {
  const clone = join(folder, "weir");
  execFileSync("git", ["clone", "--quiet", root, clone]);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "weir"), `#!/bin/sh\nexec node '${clone}/dist/main.js' "$@"\n`);
  chmodSync(join(bin, "weir"), 0o755);
  const tools = ["", "bin", "prometheus", "kubernetes"].map((name) => join(root, ".tools", name));
  return { clone, path: [bin, ...tools, process.env.PATH].join(":") };
}

/**
 * @param {string} page
 * @param {{ clone: string, path: string }} place
 * @returns {boolean} whether its commands did what they say
 */
function runPage(page, { clone, path }) {
  const commands = pageCommands(readFileSync(join(clone, page), "utf8"), page);
  const left = commands.filter(({ needs }) => needs !== undefined && !available.has(needs));
  for (const { line, needs } of left) console.log(`-- ${page}:${line} needs ${needs}: not run`);
  const run = commands.filter((one) => !left.includes(one));
  if (run.length === 0) return true;
  const { status, signal } = spawnSync("bash", ["-c", pageScript(page, run)], {
    cwd: clone,
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "inherit", "inherit"],
    timeout: PAGE_MS,
  });
  if (signal !== null) console.error(`${page}: ended by ${signal}`);
  return status === 0;
}

const folder = mkdtempSync(join(tmpdir(), "weir-docs-"));
try {
  const place = makeClone(folder);
  if (positionals.length > 0) execFileSync("bash", ["-c", "npm ci && npm run build"], { cwd: place.clone });
  const failed = pages().filter((page) => !runPage(page, place));
  console.log(
    failed.length === 0 ? "All commands that can run here did what they say." : `Failed: ${failed.join(", ")}`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
