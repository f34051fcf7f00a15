import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync(new URL("../../../docs/from-envoyproxy-ratelimit.md", import.meta.url), "utf8");

/** The rows of the page's tables whose first cell is an id: `| \`id\` | ER | Weir | verdict |`. */
const rows = page.split("\n").flatMap((line) => {
  const [, id, cells] = /^\| `([a-z0-9-]+)` \| (.*) \|$/.exec(line) ?? [];
  return id === undefined || cells === undefined ? [] : [{ id, cells: cells.split(" | ") }];
});

/** The ids in brackets at the begin of the names of all tests here. */
const tested = readdirSync(new URL(".", import.meta.url))
  .filter((name) => name.endsWith(".test.ts") && name !== "table.test.ts")
  .flatMap((name) => [
    ...readFileSync(new URL(name, import.meta.url), "utf8").matchAll(
      /^(?:test|\]\)|test\.each\(.*\))\(\s*"\[([a-z0-9-]+)\] /gm,
    ),
  ])
  .map(([, id]) => id as string);

test("every row of the parity table has a test, and every test a row", () => {
  expect([...new Set(tested)].sort()).toEqual(rows.map(({ id }) => id).sort());
});

test("no id stands for two rows", () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
});

test("every row says what ER does, what Weir does and how they compare", () => {
  for (const { id, cells } of rows) {
    expect(cells, id).toHaveLength(3);
    expect(cells[2], id).toMatch(/^(same|stricter|more|right|other)$/);
  }
});
