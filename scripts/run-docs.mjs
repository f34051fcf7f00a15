// Runs the commands of README.md, CONTRIBUTING.md, docs/*.md and the other pages as they are written, page by page, in a fresh
// clone of this repository. A page's commands share a shell. The words behind "```sh" (scripts/docs/page-commands.mjs):
//
//   background=8080        a server: it stays until the end of the page; the next commands run when this port is open
//   exits=2                the expected exit code
//   prints="200 .* 429"    a regular expression found in what is printed, where all white space counts as one space
//   needs=docker           not run unless asked for with --with docker
//
//   npm run docs                          all pages
//   npm run docs -- README docs/rules     these
//   npm run docs -- --with docker         with what needs a Docker engine, too (or time, release: see NEEDS)
//   npm run docs -- --list                runs nothing: reads the pages as they are here, and says where their commands are
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { NEEDS, pageCommands } from "./docs/page-commands.mjs";
import { pageScript } from "./docs/page-script.mjs";

/** How long one page may take, milliseconds. With what needs time it is the time of every suite and tool. */
const PAGE_MS = 10 * 60_000;
const PAGE_WITH_TIME_MS = 8 * 60 * 60_000;

/** Its commands fail on purpose, on files that it shows: test/unit/rules/faults-page.test.ts runs them. */
const TESTED_ELSEWHERE = "docs/faults.md";

/** README first: it installs the packages, builds, and puts `weir` on the path. */
const FIRST_PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];

const root = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { with: { type: "string", default: "" }, list: { type: "boolean", default: false } },
  allowPositionals: true,
});
const available = new Set(values.with.split(",").filter(Boolean));
for (const need of available) {
  if (!Object.hasOwn(NEEDS, need)) throw new Error(`--with takes ${Object.keys(NEEDS).join(", ")}`);
}

/** @typedef {{ page: string, run: import("./docs/page-commands.mjs").Commands[], left: import("./docs/page-commands.mjs").Commands[] }} Plan */

function pages() {
  const docs = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
    .sort();
  const all = [...FIRST_PAGES.filter((page) => existsSync(join(root, page))), ...docs].filter(
    (page) => page !== TESTED_ELSEWHERE,
  );
  const chosen = all.filter((page) => positionals.includes(page.replace(/\.md$/, "")) || positionals.includes(page));
  if (chosen.length < positionals.length) throw new Error(`pages are ${all.join(", ")}`);
  return positionals.length === 0 ? all : chosen;
}

/**
 * A clone as a newcomer has it. The global packages of npm, which `npm link` adds to, are beside it and not this machine's.
 * @param {string} folder
 */
function makeClone(folder) {
  const clone = join(folder, "weir");
  execFileSync("git", ["clone", "--quiet", root, clone]);
  const global = join(folder, "npm");
  const tools = resolve(root, process.env.TOOLS_DIR ?? ".tools");
  const path = [join(global, "bin"), ...["", "bin", "prometheus", "kubernetes"].map((name) => join(tools, name))];
  if (process.env.ENVOY_BIN !== undefined) path.push(dirname(process.env.ENVOY_BIN));
  const env = {
    ...process.env,
    npm_config_prefix: global,
    // Whoever runs this has just installed the same packages.
    npm_config_prefer_offline: "true",
    npm_config_audit: "false",
    npm_config_fund: "false",
    TOOLS_DIR: tools,
    PATH: [...path, process.env.PATH].join(":"),
  };
  return { clone, env };
}

/**
 * @param {string} page
 * @param {string} clone
 * @returns {Plan}
 */
function planPage(page, clone) {
  const commands = pageCommands(readFileSync(join(clone, page), "utf8"), page);
  const left = commands.filter(({ needs }) => needs !== undefined && !available.has(needs));
  return { page, left, run: commands.filter((one) => !left.includes(one)) };
}

/**
 * @param {Plan} plan
 * @param {{ clone: string, env: NodeJS.ProcessEnv }} place
 * @returns {boolean} whether its commands did what they say
 */
function runPage({ page, run, left }, { clone, env }) {
  for (const { line, needs } of left) console.log(`-- ${page}:${line} needs ${needs}: not run`);
  if (run.length === 0) return true;
  const { status, signal } = spawnSync("bash", ["-c", pageScript(page, run)], {
    cwd: clone,
    env,
    stdio: ["ignore", "inherit", "inherit"],
    timeout: available.has("time") ? PAGE_WITH_TIME_MS : PAGE_MS,
  });
  if (signal !== null) console.error(`${page}: ended by ${signal}`);
  return status === 0;
}

/**
 * The last lines: what was run, and what was not and why.
 * @param {readonly Plan[]} plans
 * @param {readonly string[]} failed
 */
function summary(plans, failed) {
  const left = plans.flatMap((plan) => plan.left);
  const reasons = Object.entries(NEEDS)
    .map(([need, words]) => ({ count: left.filter(({ needs }) => needs === need).length, need, words }))
    .filter(({ count }) => count > 0)
    .map(({ count, need, words }) => `${count} need ${need} (${words})`);
  if (positionals.length === 0 && existsSync(join(root, TESTED_ELSEWHERE))) {
    reasons.push(`${TESTED_ELSEWHERE} has a test of its own`);
  }
  const run = plans.flatMap((plan) => plan.run).length;
  const withCommands = plans.filter((plan) => plan.run.length > 0).length;
  return [
    `Not run, ${left.length} blocks: ${reasons.join("; ") || "none"}.`,
    failed.length === 0
      ? `Run, ${run} blocks of ${withCommands} pages: all did what their page says.`
      : `Failed: ${failed.join(", ")}.`,
  ].join("\n");
}

/** Runs all of it, in a clone that is removed afterwards. */
function runAll() {
  const folder = mkdtempSync(join(tmpdir(), "weir-docs-"));
  try {
    const place = makeClone(folder);
    const plans = pages().map((page) => planPage(page, place.clone));
    if (positionals.length > 0 && !positionals.some((page) => page.startsWith("README"))) {
      execFileSync("bash", ["-c", "npm ci && npm run build && npm link"], { cwd: place.clone, env: place.env });
    }
    const failed = plans.filter((plan) => !runPage(plan, place)).map(({ page }) => page);
    console.log(summary(plans, failed));
    return failed.length === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function listAll() {
  for (const { page, run, left } of pages().map((one) => planPage(one, root))) {
    for (const { line } of run) console.log(`${page}:${line}`);
    for (const { line, needs } of left) console.log(`${page}:${line} needs ${needs}`);
  }
  return true;
}

const isGood = values.list ? listAll() : runAll();
process.exitCode = isGood ? 0 : 1;
