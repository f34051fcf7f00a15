import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callAdmin, entriesOf } from "../support/admin-client.js";
import { type OpenPage, openPage } from "../support/browser.js";
import { newClient } from "../support/clients.js";
import { GrpcClient } from "../support/grpc-client.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const TENANTS = Array.from(
  { length: 40 },
  (_, index) => `  - key: tenant
    value: t${index}
    rate_limit: { requests_per_unit: ${index + 1}, unit: minute }
`,
).join("");

const RULES = `domain: shop
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 2, unit: hour, burst: 3, name: per-client }
${TENANTS}`;

let folder: RulesFolder;
let weir: WeirProcess;
let grpc: GrpcClient;
let open: OpenPage;
let page: Page;

beforeAll(async () => {
  folder = await writeRules(RULES);
  weir = await startWeir({ rules: folder.path, env: { WEIR_RULES_POLL: "0s" } });
  grpc = new GrpcClient(weir.grpcPort);
});

afterAll(async () => {
  grpc?.close();
  await weir?.stop();
  await folder?.remove();
});

beforeEach(async () => {
  open = await openPage(`${weir.adminUrl}/`);
  page = open.page;
});

afterEach(async () => {
  await open?.close();
  // Whatever a test did, nothing the page showed may have made it complain.
  expect(open?.complaints.filter((words) => !words.includes("the server responded with a status of 4"))).toEqual([]);
});

/** What Envoy would be answered. */
async function ask(client: string): Promise<string> {
  const descriptors = [{ entries: [{ key: "client", value: client }] }];
  return String((await grpc.shouldRateLimit({ domain: "shop", descriptors })).overall_code);
}

async function askTimes(client: string, times: number): Promise<string[]> {
  const codes: string[] = [];
  for (let i = 0; i < times; i++) codes.push(await ask(client));
  return codes;
}

/** The row of the table of limited clients that shows this text. */
function limitedRow(text: string): Locator {
  return page.locator("#limited-rows tr").filter({ hasText: text });
}

const form = (): Locator => page.locator("#override");

async function fillOverride(client: string, fields: Readonly<Record<string, string>>): Promise<void> {
  await page.getByText("Add an override").click();
  await form().getByLabel("Domain").fill("shop");
  await form().getByLabel("Key").fill("client");
  await form().getByLabel("Value").fill(client);
  for (const [label, text] of Object.entries(fields)) await form().getByLabel(label, { exact: true }).fill(text);
}

const add = () => form().getByRole("button", { name: "Add the override" }).click();
const overrideCount = async () => (await callAdmin(weir.adminUrl, "GET /api/v1/overrides")).body.overrides.length;

describe("the console", () => {
  it("shows how Weir runs, and is kept to its own files by its security policy", async () => {
    const response = await page.reload();
    expect(response?.headers()).toMatchObject({
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "content-type": "text/html; charset=utf-8",
    });
    await page.getByText("Memory store ready").waitFor();
    await page.getByText("41 rules since").waitFor();
    expect(await page.locator("#version").textContent()).toMatch(/^\d+\.\d+\.\d+/);
    const elsewhere = await page.evaluate(() =>
      performance.getEntriesByType("resource").filter(({ name }) => !name.startsWith(location.origin)),
    );
    expect(elsewhere).toEqual([]);
  });

  // Before any traffic: what is above the fold would change by itself as rates go down.
  it("keeps the focus, what was typed and the place while it refreshes", async () => {
    await page.setViewportSize({ width: 900, height: 500 });
    await page.locator("#rules-rows tr").first().waitFor();
    const value = page.locator("#bucket").getByLabel("Value");
    await value.fill("half of a");
    const row = await page.locator("#rules-rows tr").first().elementHandle();
    const before = await page.evaluate(() => scrollY);
    for (let i = 0; i < 2; i++) await page.waitForResponse(/status$/);
    expect(before).toBeGreaterThan(0);
    expect(await page.evaluate(() => scrollY)).toBe(before);
    expect(await value.evaluate((input) => input === document.activeElement)).toBe(true);
    expect(await value.inputValue()).toBe("half of a");
    expect(await row?.evaluate((element) => element.isConnected)).toBe(true);
  });

  it("shows who is limited, and looks up and resets that bucket", async () => {
    const client = newClient();
    expect((await askTimes(client, 9)).at(-1)).toBe("OVER_LIMIT");
    await limitedRow(client).getByRole("button", { name: "Look up" }).click();
    await page.locator("#bucket-limits").getByText("0 of 3 left").waitFor();
    await page.getByRole("button", { name: "Reset" }).click();
    await page.locator("#bucket-limits").getByText("3 of 3 left, full").waitFor();
    expect(await ask(client)).toBe("OK");
    // And goes on looking.
    await page.locator("#bucket-limits").getByText("2 of 3 left").waitFor();
  });

  it("shows rates of rules under traffic, finds rules, and pages through them", async () => {
    let isOver = false;
    const client = newClient();
    const flow = (async () => {
      while (!isOver) await ask(client);
    })();
    const first = page.locator("#rules-rows tr").first();
    try {
      await until("the rule shows its rate", async () => {
        const [name = "", , , refused = "0"] = await first.locator("td").allTextContents();
        return name.startsWith("client") && Number(refused.replace(/\D/g, "")) > 0 ? true : undefined;
      });
      await page.locator(".figure.over_limit dd").filter({ hasText: /[1-9]/ }).waitFor();
    } finally {
      isOver = true;
      await flow;
    }
    expect(await page.locator("#rules-rows tr").count()).toBe(15);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("Page 2 of 3").waitFor();
    await page.getByLabel("Search").fill("shop T17");
    expect(await page.locator("#rules-rows tr").allTextContents()).toEqual([
      expect.stringMatching(/^tenant=t17shop · .*rules\.yaml:\d+18 per minute/),
    ]);
    await page.getByLabel("Search").fill("nothing such");
    await page.getByText("No rule matches.").waitFor();
  });

  it("stops asking while nobody looks, and goes on when somebody does", async () => {
    await page.getByText("Memory store ready").waitFor();
    const hide = (isHidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await hide(true);
    await page.waitForLoadState("networkidle");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.waitForTimeout(2_600);
    expect(asked).toEqual([]);
    const answered = page.waitForResponse(/status$/);
    await hide(false);
    await answered;
  });

  it("says so when Weir does not answer, and goes on when it does", async () => {
    await page.getByText("Memory store ready").waitFor();
    await page.route(/traffic$/, (route) => route.fulfill({ status: 404, json: { error: { message: "gone" } } }));
    await page.getByRole("alert").filter({ hasText: "gone. What is below may be old." }).waitFor();
    await page.unroute(/traffic$/);
    await page.getByRole("alert").filter({ hasText: "gone" }).waitFor({ state: "hidden" });
  });
});

describe("an override from the form", () => {
  it("is in force, is shown, and can be ended", async () => {
    const client = newClient();
    expect((await askTimes(client, 4)).at(-1)).toBe("OVER_LIMIT");
    await fillOverride(client, { Requests: "7", Who: "ada", Why: "a <b>test</b>" });
    await add();
    const row = page.locator("#overrides-rows li").filter({ hasText: client });
    await row.getByText("7 per minute").waitFor();
    expect(await row.textContent()).toContain("by ada");
    expect(await row.textContent()).toContain("a <b>test</b>");
    expect(await askTimes(client, 8)).toEqual([...Array(7).fill("OK"), "OVER_LIMIT"]);
    await row.getByRole("button", { name: "End it" }).click();
    expect(await overrideCount()).toBe(1);
    await row.getByRole("button", { name: "Sure? End it" }).click();
    await row.waitFor({ state: "detached" });
    expect(await overrideCount()).toBe(0);
  });

  it("may lift the limit of somebody who is refused, until a time", async () => {
    const client = newClient();
    await askTimes(client, 6);
    await limitedRow(client).getByRole("button", { name: "Override" }).click();
    await form().getByLabel("Limit").selectOption("Unlimited");
    await form().getByLabel("Ends").selectOption("at a time");
    await form().getByLabel("Until").fill("2027-01-31T12:30");
    await form().getByLabel("Who").fill("ada");
    await form().getByLabel("Why").fill("a test");
    await add();
    await page.locator("#overrides-rows li").filter({ hasText: client }).waitFor();
    expect(await ask(client)).toBe("OK");
    const [override] = (await callAdmin(weir.adminUrl, "GET /api/v1/overrides")).body.overrides;
    expect(override).toMatchObject({ descriptor: entriesOf({ client }), limit: { unlimited: true } });
    expect(override.until).toBe(new Date("2027-01-31T12:30").toISOString());
    await callAdmin(weir.adminUrl, `DELETE /api/v1/overrides/${override.id}`);
  });

  it.each([
    ["Requests", "words", { Requests: "many" }, "must be a whole number"],
    ["Requests", "nothing", { Requests: "" }, "must be a whole number"],
    ["Domain", "nothing", { Domain: "" }, "is needed"],
    ["Key", "nothing", { Key: "" }, "Too small"],
    ["Who", "a space", { Who: " " }, "is needed"],
    ["Why", "too much", { Why: "x".repeat(501) }, "Too big"],
    ["Amount", "no time", { Amount: "0" }, "Too small"],
    ["Amount", "too long a time", { Amount: "9999999" }, "Too big"],
    ["Burst if another", "a burst of a ban", { Requests: "0", "Burst if another": "5" }, "burst has no meaning"],
  ])("with %s holding %s says there what is wrong, and changes nothing", async (label, _, fields, words) => {
    await fillOverride(newClient(), { Requests: "5", Who: "ada", Why: "a test", ...fields });
    await add();
    const field = form().getByLabel(label, { exact: true });
    await until("the field is marked", async () =>
      (await field.getAttribute("aria-invalid")) === "true" ? true : undefined,
    );
    const id = await field.getAttribute("aria-describedby");
    expect(await page.locator(`#${id}`).textContent()).toContain(words);
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
    expect(await overrideCount()).toBe(0);
  });
});

describe("operators' switches", () => {
  it("pause enforcement behind a banner that nobody can miss, and end that", async () => {
    const client = newClient();
    await askTimes(client, 4);
    await page.getByText("Pause…").click();
    await page.locator("#pause").getByLabel("Who").fill("ada");
    await page.locator("#pause").getByRole("button", { name: "Pause enforcement" }).click();
    await page.locator("#pause .fault").filter({ hasText: "is needed" }).waitFor();
    expect(await ask(client)).toBe("OVER_LIMIT");
    await page.locator("#pause").getByLabel("Why").fill("an outage");
    await page.locator("#pause").getByRole("button", { name: "Pause enforcement" }).click();
    const banner = page.getByText("Enforcement is paused: nobody is limited.");
    await banner.waitFor();
    expect(await page.locator("#pause-words").textContent()).toMatch(/until .* \(in 15 min\), by ada: an outage$/);
    expect(await page.title()).toContain("PAUSED");
    expect(await ask(client)).toBe("OK");
    await page.getByRole("button", { name: "Enforce limits again" }).click();
    await banner.waitFor({ state: "hidden" });
    expect(await ask(client)).toBe("OVER_LIMIT");
  });

  it("read the rules again, and show what is wrong in them", async () => {
    const file = join(folder.path, "rules.yaml");
    await writeFile(file, `${RULES}  - key: new\n    rate_limit: { requests_per_unitt: 1, unit: day }\n`);
    await page.getByRole("button", { name: "Read the rules again" }).click();
    await page.locator("#reload-faults").getByText('did you mean "requests_per_unit"?').waitFor();
    await page.getByText("The last reload was refused").waitFor();
    await writeFile(file, `${RULES}  - key: new\n    rate_limit: { requests_per_unit: 1, unit: day }\n`);
    await page.getByRole("button", { name: "Read the rules again" }).click();
    await page.getByText("42 rules since").waitFor();
    await page.locator("#reload-faults").waitFor({ state: "hidden" });
    await page.getByLabel("Search").fill("key=new new");
    await page.getByLabel("Search").fill("new");
    await page.locator("#rules-rows").getByText("1 per day").waitFor();
  });
});
