import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAdmin, entriesOf, overallCode } from "../support/admin-client.js";
import { type OpenPage, openPage } from "../support/browser.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `domain: shop
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 1, unit: day }
`;

const MARKUP = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
const TURNED = "gpj.\u202eexe";
const LONG = "w".repeat(10_240);
const LINES = "two\nlines";

const TOKEN = "a-token-of-some-length";

let rules: RulesFolder;
let folder: string;
let weir: WeirProcess;

beforeAll(async () => {
  rules = await writeRules(RULES);
  folder = await mkdtemp(join(tmpdir(), "weir-console-"));
  await writeFile(join(folder, "token"), TOKEN);
  weir = await startWeir({ rules: rules.path, env: { WEIR_ADMIN_TOKEN_FILE: join(folder, "token") } });
});

afterAll(async () => {
  await weir?.stop();
  await rules?.remove();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const authorization = { authorization: `Bearer ${TOKEN}` };

async function refuse(...clients: string[]): Promise<void> {
  for (const client of clients) for (let i = 0; i < 3; i++) await overallCode(weir.httpUrl, "shop", { client });
}

async function signIn({ page }: OpenPage): Promise<void> {
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Memory store ready").waitFor();
}

/** Its words for a 401, which a browser writes to its console whatever a page does. */
const isOurs = (words: string) => !words.includes("401");

describe("the console with a token", () => {
  it("asks for it, keeps it in its tab alone, and forgets it when told", async () => {
    const open = await openPage(`${weir.adminUrl}/`);
    const { page, context } = open;
    try {
      await page.getByLabel("Token").fill("not the token at all");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator("#sign-in .fault").waitFor();
      expect(await page.locator("#main").isVisible()).toBe(false);
      await signIn(open);
      await page.reload();
      await page.getByText("Memory store ready").waitFor();
      expect(await page.evaluate(() => [document.cookie, JSON.stringify(localStorage), location.href])).toEqual([
        "",
        "{}",
        `${weir.adminUrl}/`,
      ]);
      const other = await context.newPage();
      await other.goto(`${weir.adminUrl}/`);
      await other.getByLabel("Token").waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Token").waitFor();
      await page.reload();
      await page.getByLabel("Token").waitFor();
      expect(open.complaints.filter(isOurs)).toEqual([]);
    } finally {
      await open.close();
    }
  });
});

describe("values of strangers", () => {
  it("are text: markup does nothing, directions are escaped, and what is long is cut", async () => {
    const open = await openPage(`${weir.adminUrl}/`, { viewport: { width: 1280, height: 800 } });
    const { page } = open;
    try {
      await refuse(MARKUP, TURNED, LONG, LINES);
      await signIn(open);
      const rows = page.locator("#limited-rows");
      await rows.getByText(`client=${MARKUP}`).waitFor();
      await rows.getByText("client=gpj.\\u202eexe").waitFor();
      await rows.getByText("www… (10,240 characters)").waitFor();
      await rows.getByText("client=two\\u000alines").waitFor();
      expect(await page.locator("img").count()).toBe(0);
      expect(await page.locator("script").count()).toBe(1);
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(widths[0]).toBeLessThanOrEqual(widths[1] ?? 0);
      for (const [text, left] of [
        ["<img", "0 of 1 left"],
        ["10,240", "0 of 1 left"],
      ] as const) {
        await rows.locator("tr").filter({ hasText: text }).getByRole("button", { name: "Look up" }).click();
        await page.locator("#bucket-limits").getByText(left).waitFor();
      }
      // A field would make another value of it, which is another bucket.
      await rows.locator("tr").filter({ hasText: "two" }).getByRole("button", { name: "Look up" }).click();
      await page.locator("#bucket .fault").filter({ hasText: "cannot be typed here" }).waitFor();
      expect(open.complaints.filter(isOurs)).toEqual([]);
    } finally {
      await open.close();
    }
  });

  it("cannot push the page out of a narrow screen, dark or light", async () => {
    const body = { domain: "shop", descriptor: entriesOf({ client: LONG }), limit: { unlimited: true } };
    const decree = { forSeconds: 600, who: "a".repeat(100), why: `${MARKUP}${"y".repeat(300)}` };
    await callAdmin(weir.adminUrl, "POST /api/v1/overrides", { ...body, ...decree }, authorization);
    await callAdmin(weir.adminUrl, "PUT /api/v1/enforcement", { paused: true, ...decree }, authorization);
    for (const colorScheme of ["dark", "light"] as const) {
      const open = await openPage(`${weir.adminUrl}/`, { colorScheme, viewport: { width: 360, height: 740 } });
      try {
        await refuse(MARKUP, LONG);
        await signIn(open);
        await open.page.locator("#overrides-rows li").waitFor();
        expect(await open.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
        const path = join(folder, `${colorScheme}.png`);
        await open.page.screenshot({ path, fullPage: true });
        expect((await stat(path)).size).toBeGreaterThan(10_000);
        expect(await lowestContrast(open)).toBeGreaterThanOrEqual(4.5);
      } finally {
        await open.close();
      }
    }
  });
});

/** The lowest contrast of text on its background, as WCAG 2 reckons it; AA asks for 4.5. */
function lowestContrast({ page }: OpenPage): Promise<number> {
  return page.evaluate(() => {
    const parts = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const light = (color: string) => {
      const [r = 0, g = 0, b = 0] = parts(color).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element: Element | null): string => {
      if (element === null) return "rgb(255, 255, 255)";
      const { backgroundColor } = getComputedStyle(element);
      return parts(backgroundColor)[3] === 0 ? background(element.parentElement) : backgroundColor;
    };
    const texts = [...document.querySelectorAll("body *")].filter((element) => {
      const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== "");
      return isText && element.checkVisibility() && !(element as HTMLButtonElement).disabled;
    });
    const contrasts = texts.map((element) => {
      const [a = 0, b = 0] = [light(getComputedStyle(element).color), light(background(element))].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    });
    return Math.min(...contrasts);
  });
}
