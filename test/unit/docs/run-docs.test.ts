import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
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

  it("shows what a server printed when a later command fails", async () => {
    const port = await freePort();
    const server = `node -e "console.log('server '+'words'); require('net').createServer().listen(${port}, '127.0.0.1')"`;
    const page = [`<!-- run background=${port}: ${server} -->`, "```sh", "true", "```"];
    expect(runReadme(page).output).not.toContain("server words");
    expect(runReadme([...page, "<!-- run: false -->"]).output).toContain("server words");
  });

  it("tells what it does not run, and runs it when what it needs is there", () => {
    const page = ["```sh needs=cluster", "echo deep", "```"];
    expect(runReadme(page).output).toMatch(/README.md:2 needs cluster: not run/);
    expect(runReadme(page, "--with", "cluster").output).toMatch(/^deep$/m);
  });

  it("ends with how much was run, and what was not and why", () => {
    const ran = ["```sh", "true", "```", "<!-- run: true -->"];
    const left = [
      "```sh needs=docker",
      "false",
      "```",
      "```sh needs=time",
      "false",
      "```",
      "<!-- run needs=time: x -->",
    ];
    const { output } = runReadme([...ran, ...left]);
    expect(output.trim().split("\n").slice(-2)).toEqual([
      "Not run, 3 blocks: 1 need docker (a Docker engine); 2 need time (minutes or hours).",
      "Run, 2 blocks of 1 pages: all did what their page says.",
    ]);
    expect(runReadme([...left, "```sh", "false", "```"]).output).toMatch(/^Failed: README\.md\.$/m);
  });

  it("has npm's global packages beside the clone, so that `npm link` changes nothing on this machine", () => {
    const { output } = runReadme(["```sh", "npm prefix --global", 'echo "$PATH"', "```"]);
    const [, prefix] = /^(\/.*weir-docs-.*\/npm)$/m.exec(output) ?? [];
    expect(prefix).toBeDefined();
    expect(output).toContain(`${prefix}/bin:`);
  });
});

describe("what a page prints", () => {
  it("may be a whole sequence, whatever white space is in it", () => {
    const page = ['```sh prints="^200 200 429$"', "printf '200\\n200\\n 429\\n'", "```"];
    expect(runReadme(page).code).toBe(0);
    for (const printed of ["429 429 429", "200 200 429 429", "200 200 200"]) {
      const { code, output } = runReadme(['```sh prints="^200 200 429$"', `echo ${printed}`, "```"]);
      expect(output, printed).toContain("README.md:2: does not print ^200 200 429$");
      expect(code, printed).toBe(1);
    }
  });

  it("may be told of a hidden command, too", () => {
    expect(runReadme(['<!-- run prints="a: b$": echo a: b -->']).code).toBe(0);
    expect(runReadme(['<!-- run prints="a: c$": echo a: b -->']).code).toBe(1);
  });
});

describe("the script refuses", () => {
  it.each([
    [["```sh needs", "true", "```"], 'README.md:1: "needs" is none of background=, exits=, prints=, needs='],
    [["```sh needs=envoy", "true", "```"], "README.md:1: needs=envoy is none of docker, registry,"],
    [["", "```sh", "A=1 B='2 3'", "# a comment", "", 'C="4"', "```"], "README.md:2: sets variables and runs nothing"],
    [["```sh", "# nothing", "```"], "README.md:1: sets variables and runs nothing"],
    [["text", "", "    npm run bench"], "README.md:3: an indented block"],
    [["1. one", "   ```sh", "   true", "   ```"], "README.md:2: a fence is three backticks at the start of the line"],
    [["~~~sh", "true", "~~~"], "README.md:1: a fence is three backticks at the start of the line"],
    [["```", "npm start", "```"], 'README.md:1: a fence is one of sh, yaml, json, text, mermaid, not ""'],
    [["```bash", "npm start", "```"], 'mermaid, not "bash"'],
    [["```sh", "true"], "README.md:1: a fence without an end"],
    [["<!-- run needs docker: true -->"], "README.md:1: a hidden command is <!-- run WORDS: COMMAND -->"],
  ])("%j", (lines, message) => {
    const { code, output } = runReadme(lines);
    expect(output).toContain(message);
    expect(code).toBe(1);
  });

  it("to be asked for what no page can need", () => {
    expect(runReadme(["# None"], "--with", "envoy").output).toContain("--with takes docker, registry,");
  });

  it("takes variables that a command goes by", () => {
    expect(runReadme(["```sh", "A=1", 'test "$A" = 1', "```"]).code).toBe(0);
    expect(runReadme(["```sh", "A=$(true)", "```"]).code).toBe(0);
  });
});

describe("the pages of this repository", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].concat(
    readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`),
  );

  it("have their commands in blocks that can be run", () => {
    const run = spawnSync(process.execPath, [join(ROOT, "scripts/run-docs.mjs"), "--list"], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    expect(run.stdout.split("\n").length).toBeGreaterThan(50);
    expect(run.stdout).toMatch(/^README\.md:\d+$/m);
    expect(run.stdout).toMatch(/^docs\/docker\.md:\d+ needs docker$/m);
  });

  it.each(pages.filter((page) => page !== "README.md"))("%s is linked from another page", (page) => {
    const others = pages.filter((other) => other !== page);
    const linked = others.flatMap((other) => {
      const links = readFileSync(join(ROOT, other), "utf8").matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g);
      return [...links].map(([, target = ""]) => relative(ROOT, resolve(ROOT, dirname(other), target)));
    });
    expect(linked).toContain(page);
  });
});
