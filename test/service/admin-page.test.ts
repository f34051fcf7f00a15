import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAdmin } from "../support/admin-client.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const PAGE = resolve(import.meta.dirname, "../../docs/admin.md");

let weir: WeirProcess;
let page: string;

beforeAll(async () => {
  page = await readFile(PAGE, "utf8");
  weir = await startWeir();
});

afterAll(() => weir?.stop());

/** The commands of the page that call `$admin`, in order. */
function commands(): string[] {
  const blocks = [...page.matchAll(/^```sh[^\n]*\n([\s\S]*?)^```$/gm)].map(([, block]) => block ?? "");
  return blocks.flatMap((block) => block.match(/^curl [^\n]*\$admin[^\n']*(?:'[^']*'[^\n']*)*$/gm) ?? []);
}

async function run(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)("bash", ["-c", `admin=${weir.adminUrl}; ${command}`], {
    env: { PATH: process.env.PATH, no_proxy: "*" },
    timeout: 10_000,
  });
  return stdout;
}

describe("the page about the admin API", () => {
  it("has commands that work, one after the other, for every call there is", async () => {
    const called = new Set<string>();
    for (const command of commands()) {
      const overrides = (await callAdmin(weir.adminUrl, "GET /api/v1/overrides")).body.overrides;
      const answer = JSON.parse(await run(command.replace("/$id", `/${overrides[0]?.id}`)));
      expect(answer.error, command).toBeUndefined();
      const method = /-X (\w+)/.exec(command)?.[1] ?? (command.includes(" -d ") ? "POST" : "GET");
      const path = /\$admin([^\s"?]*)/.exec(command)?.[1]?.replace("/$id", "/{id}");
      called.add(`${method} ${path}`);
    }
    const { paths } = (await callAdmin(weir.adminUrl, "GET /openapi.json")).body as { paths: Record<string, object> };
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...called].sort()).toEqual(all.sort());
  });

  it("tells every error status that the API document has", async () => {
    const { text } = await callAdmin(weir.adminUrl, "GET /openapi.json");
    const statuses = new Set([...text.matchAll(/"([45]\d\d)":\{"description"/g)].map(([, status]) => status));
    for (const status of statuses) expect(page).toMatch(new RegExp(`^\\| (\\d+, )*${status}[, |]`, "m"));
  });
});
