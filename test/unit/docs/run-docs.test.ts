import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../support/free-port.js";

const ROOT = resolve(import.meta.dirname, "../../..");

let repository: string;

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "weir-pages-"));
  cpSync(join(ROOT, "scripts/docs"), join(repository, "scripts/docs"), { recursive: true });
  cpSync(join(ROOT, "scripts/run-docs.mjs"), join(repository, "scripts/run-docs.mjs"));
  mkdirSync(join(repository, "docs"));
});

afterEach(() => {
  rmSync(repository, { recursive: true });
});

function git(...args: readonly string[]): void {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  execFileSync("git", [...author, ...args], { cwd: repository, stdio: "ignore" });
}

/** Runs the commands of these lines of a README, as committed. */
function runReadme(lines: readonly string[], ...args: readonly string[]): { code: number | null; output: string } {
  writeFileSync(join(repository, "README.md"), `${lines.join("\n")}\n`);
  writeFileSync(join(repository, "CONTRIBUTING.md"), "# None\n");
  git("init", "-q");
  git("add", ".");
  git("commit", "-q", "--allow-empty", "-m", "pages");
  const script = join(repository, "scripts/run-docs.mjs");
  const run = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  return { code: run.status, output: run.stdout + run.stderr };
}

describe("the script that runs the commands of the documentation", () => {
  it("runs the blocks of a page in one shell, in a clone", () => {
    const { code, output } = runReadme([
      "```sh",
      "word=here; pwd",
      "```",
      "text",
      "```sh",
      'echo "it is $word"',
      "```",
    ]);
    expect(output).toContain("it is here");
    expect(output).not.toContain(`${repository}\n`);
    expect(code).toBe(0);
  });

  it("fails where a command fails, and names its place", () => {
    const { code, output } = runReadme(["# One", "", "```sh", "false", "echo and on", "```"]);
    expect(output).toContain("README.md:4: failed, exit code 1");
    expect(output).not.toContain("and on");
    expect(code).toBe(1);
  });

  it("takes another exit code where the page says so, and only that one", () => {
    expect(runReadme(["```sh exits=3", "exit 3", "```"]).code).toBe(0);
    const { code, output } = runReadme(["```sh exits=3", "true", "```"]);
    expect(output).toContain("README.md:2: exit code 0, expected 3");
    expect(code).toBe(1);
  });

  it("looks for what a block says that it prints", () => {
    expect(runReadme(["```sh prints=4[0-9]9", "echo 200 429", "```"]).code).toBe(0);
    const { code, output } = runReadme(["```sh prints=429", "echo 200", "```"]);
    expect(output).toContain("README.md:2: does not print 429");
    expect(code).toBe(1);
  });

  it("keeps a server until the end of its page, and no longer", async () => {
    const port = await freePort();
    const server = `node -e "require('http').createServer((_, r) => r.end('served')).listen(${port}, '127.0.0.1')"`;
    const ask = `node -e "fetch('http://127.0.0.1:${port}').then((r) => r.text()).then(console.log)"`;
    const { code, output } = runReadme([`<!-- run background=${port}: ${server} -->`, "```sh", ask, "```"]);
    expect(output).toContain("served");
    expect(code).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });

  it("tells what it does not run, and runs it when what it needs is there", () => {
    const page = ["```sh needs=cluster", "echo deep", "```"];
    expect(runReadme(page).output).toMatch(/README.md:2 needs cluster: not run/);
    expect(runReadme(page, "--with", "cluster").output).toMatch(/^deep$/m);
  });

  it("refuses words that mean nothing", () => {
    const { code, output } = runReadme(["```sh needs", "true", "```"]);
    expect(output).toContain('README.md:1: "needs" is none of background=, exits=, prints=, needs=');
    expect(code).toBe(1);
  });
});
