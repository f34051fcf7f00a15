import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CliUnderTest } from "./cli-under-test.js";
import { TemporaryFolder } from "./temporary-folder.js";

const RULES = resolve("config/rules");

describe("the shipped rule tests", () => {
  const folder = new TemporaryFolder();

  it("pass on the example rules", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["test", "config/tests"])).toBe(0);
    expect(cli.errors).toEqual([]);
  });

  it("meet every limit that has a name in the example rules", () => {
    for (const file of ["shop.yaml", "llm.yaml"]) {
      const rules = readFileSync(`config/rules/${file}`, "utf8").matchAll(/^ +name: (\S+)$/gm);
      const tests = readFileSync(`config/tests/${file}`, "utf8").matchAll(/\blimit: ([\w-]+)/g);
      const met = new Set([...tests].map(([, name]) => name));
      expect([...rules].map(([, name]) => name).filter((name) => !met.has(name))).toEqual([]);
    }
  });

  it.each([
    ["burst: 5", "burst: 6", "a client may send five requests at once"],
    ["value: /search/*\n    share_threshold: true", "value: /search/*", "all searches share one bucket"],
    ["shadow_mode: true", "shadow_mode: false", "a limit on trial tells what it would do"],
  ])("fail when %j becomes %j", async (was, is, name) => {
    const cli = new CliUnderTest();
    const rules = readFileSync(`${RULES}/shop.yaml`, "utf8");
    expect(rules).toContain(was);
    folder.write("rules/shop.yaml", rules.replace(was, is));
    const path = folder.write("tests/shop.yaml", readFileSync("config/tests/shop.yaml", "utf8"));
    expect(await cli.run(["test", path])).toBe(1);
    expect(cli.errors.join("\n")).toContain(`    test    ${name}`);
  });

  it("are what docs/rule-tests.md says they can be", async () => {
    const page = readFileSync("docs/rule-tests.md", "utf8");
    const blocks = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, block = ""]) => block);
    const [whole = "", ...snippets] = blocks;
    const path = folder.write("tests/whole.yaml", whole.replace("../rules", RULES));
    expect(await new CliUnderTest().run(["test", path])).toBe(0);

    // A snippet shows what is sent or what is expected; the other half is added, and the answer does not matter.
    const send = [{ entries: { a: "b" } }, { entries: { c: "d" } }];
    const steps = snippets.map((snippet) => ({ send, expect: "OK", ...(parse(snippet) as object) }));
    expect(steps).toHaveLength(4);
    const story = { rules: RULES, domain: "shop", tests: [{ name: "snippets", steps }] };
    const cli = new CliUnderTest();
    await cli.run(["test", folder.write("tests/snippets.yaml", JSON.stringify(story))]);
    expect(cli.errors.join("\n")).not.toContain("BROKEN");
  });
});
