import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { GrpcClient, type Message } from "../support/grpc-client.js";
import { untilLogged } from "../support/log-lines.js";
import { sumOf } from "../support/metrics-text.js";
import { mountFolder } from "../support/mounted-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

/** Changes must be in force within two seconds; a machine with others on it may be slower. */
const IN_FORCE_MILLIS = 20_000;

let root: string;
let weir: WeirProcess;
let client: GrpcClient;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "weir-reload-"));
});

afterEach(async () => {
  client.close();
  expect(await weir.stop()).toBe(0);
  await rm(root, { recursive: true });
});

const at = (path: string): string => join(root, path);

/** Rules by which any client has so many requests an hour. */
function rulesOf(requestsPerHour: number, key = "client", domain = "shop"): string {
  const limit = `{ unit: hour, requests_per_unit: ${requestsPerHour} }`;
  return `domain: ${domain}\ndescriptors:\n  - key: ${key}\n    rate_limit: ${limit}\n`;
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), text);
}

async function serve(rules: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  weir = await startWeir({ rules: at(rules), env });
  client = new GrpcClient(weir.grpcPort);
}

async function ask(value: string, hits: number, key = "client", domain = "shop"): Promise<Message> {
  const descriptor = { entries: [{ key, value }], hits_addend: { value: hits } };
  const { statuses } = await client.shouldRateLimit({ domain, descriptors: [descriptor] });
  return (statuses as Message[])[0]!;
}

/** The limit that a new client would meet; undefined where there is none. */
async function limitOf(key = "client", domain = "shop"): Promise<unknown> {
  const { current_limit } = await ask(newClient(), 0, key, domain);
  return (current_limit as Message | null)?.requests_per_unit;
}

function inForce(requestsPerHour: number | undefined, key?: string, domain?: string): Promise<true> {
  return until(
    `${requestsPerHour} an hour is in force`,
    async () => ((await limitOf(key, domain)) === requestsPerHour ? true : undefined),
    IN_FORCE_MILLIS,
  );
}

async function reloads(result: string): Promise<number> {
  return sumOf(await weir.metrics(), "weir_rules_reloads_total", { result });
}

function counted(result: string, times: number): Promise<true> {
  return until(
    `${times} reloads that are ${result}`,
    async () => ((await reloads(result)) >= times ? true : undefined),
    IN_FORCE_MILLIS,
  );
}

describe("rules are reloaded when", () => {
  it("a file is written in place", async () => {
    await put("rules/a.yaml", rulesOf(5));
    await serve("rules");
    expect(await limitOf()).toBe(5);
    await put("rules/a.yaml", rulesOf(6));
    await inForce(6);
  });

  it("an editor saves a file by renaming; what it leaves beside it is nothing to reload for", async () => {
    await put("rules/a.yaml", rulesOf(5));
    await serve("rules");
    for (const name of [".a.yaml.swp", "4913", "a.yaml~", "#a.yaml#", "a.yaml.tmp"]) await put(`rules/${name}`, "{");
    await put("rules/a.yaml.tmp", rulesOf(6));
    await rename(at("rules/a.yaml.tmp"), at("rules/a.yaml"));
    await inForce(6);
    expect(sumOf(await weir.metrics(), "weir_rules_reloads_total")).toBe(1);
    expect(await readdir(at("rules"))).toHaveLength(5);
  });

  it("files and folders are added, renamed and removed", async () => {
    await put("rules/a.yaml", rulesOf(5));
    await serve("rules");
    await put("rules/b.yaml", rulesOf(7, "path"));
    await inForce(7, "path");
    await put("rules/deep/er/c.yml", rulesOf(8, "user", "bank"));
    await inForce(8, "user", "bank");
    await put("rules/deep/er/c.yml", rulesOf(9, "user", "bank"));
    await inForce(9, "user", "bank");
    await rename(at("rules/b.yaml"), at("rules/b.off"));
    await inForce(undefined, "path");
    await rm(at("rules/deep"), { recursive: true });
    await inForce(undefined, "user", "bank");
    expect(await limitOf()).toBe(5);
  });

  it("Kubernetes replaces the files of a ConfigMap", async () => {
    const map = await mountFolder({ "a.yaml": rulesOf(5) }, at("map"));
    await serve("map");
    for (const requestsPerHour of [7, 8]) {
      await map.replace({ "a.yaml": rulesOf(requestsPerHour) });
      await inForce(requestsPerHour);
    }
    expect(await reloads("error")).toBe(0);
  });

  it("one file of a ConfigMap is given", async () => {
    const map = await mountFolder({ "a.yaml": rulesOf(5) }, at("map"));
    await serve("map/a.yaml", { WEIR_RULES_POLL: "1h" });
    await map.replace({ "a.yaml": rulesOf(6) });
    await inForce(6);
  });

  it("the folder is a link that is moved, or is gone for a while", async () => {
    for (const version of [1, 2, 3]) await put(`v${version}/a.yaml`, rulesOf(4 + version));
    await symlink("v1", at("rules"));
    await serve("rules");
    await symlink("v2", at("rules.new"));
    await rename(at("rules.new"), at("rules"));
    await inForce(6);
    await rm(at("rules"));
    await counted("error", 1);
    expect(await limitOf()).toBe(6);
    await symlink("v3", at("rules"));
    await inForce(7);
  });

  it("no event tells, by looking now and then", async () => {
    await put("elsewhere/a.yaml", rulesOf(5));
    await put("rules/b.yaml", rulesOf(7, "path"));
    await symlink("../elsewhere/a.yaml", at("rules/a.yaml"));
    await serve("rules", { WEIR_RULES_POLL: "200ms" });
    await put("elsewhere/a.yaml", rulesOf(6));
    await inForce(6);
  });

  it("SIGHUP comes, whether the files seem changed or not", async () => {
    await put("elsewhere/a.yaml", rulesOf(5));
    await symlink("elsewhere/a.yaml", at("rules.yaml"));
    await serve("rules.yaml", { WEIR_RULES_POLL: "0s" });
    process.kill(weir.pid, "SIGHUP");
    await counted("unchanged", 1);
    await put("elsewhere/a.yaml", rulesOf(6));
    process.kill(weir.pid, "SIGHUP");
    await inForce(6);
    expect(await reloads("ok")).toBe(1);
    await untilLogged(weir, "rules read again: nothing has changed");
  });
});

describe("rules that are not good", () => {
  it("are told with all their faults, and the last good ones stay until there are good ones again", async () => {
    await put("rules/a.yaml", rulesOf(5));
    await serve("rules");
    await put("rules/a.yaml", rulesOf(6).replace("hour", "huor").replace("key", "kye"));
    await put("rules/b.yaml", "domain: [");
    await counted("error", 1);
    expect(await limitOf()).toBe(5);
    expect(sumOf(await weir.metrics(), "weir_rules_last_reload_successful")).toBe(0);
    const [line] = await untilLogged(weir, "rules not reloaded");
    const told = ((line?.faults ?? []) as string[]).join("\n");
    expect(told).toContain(`${at("rules/a.yaml")}:3:5: unknown key "kye"; did you mean "key"?`);
    expect(told).toMatch(/a\.yaml:4:25: unit must be .* not "huor"; did you mean "hour"\?/);
    expect(told).toContain(`${at("rules/b.yaml")}:1:`);

    await rm(at("rules/b.yaml"));
    await put("rules/a.yaml", rulesOf(7));
    await inForce(7);
    expect(sumOf(await weir.metrics(), "weir_rules_last_reload_successful")).toBe(1);
  });

  it("leave things well again when they are taken back, without a swap", async () => {
    await put("rules/a.yaml", rulesOf(5));
    await serve("rules");
    const before = sumOf(await weir.metrics(), "weir_rules_last_reload_success_timestamp_seconds");
    await put("rules/b.yaml", rulesOf(5));
    await counted("error", 1);
    await rm(at("rules/b.yaml"));
    await counted("unchanged", 1);
    const metrics = await weir.metrics();
    expect(sumOf(metrics, "weir_rules_reloads_total", { result: "ok" })).toBe(0);
    expect(sumOf(metrics, "weir_rules_last_reload_successful")).toBe(1);
    expect(sumOf(metrics, "weir_rules_last_reload_success_timestamp_seconds")).toBeGreaterThan(before);
  });

  it("are those that cannot be read, too", async () => {
    await put("rules/a.yaml", rulesOf(5));
    await serve("rules");
    await rm(at("rules/a.yaml"));
    await counted("error", 1);
    await symlink("nowhere", at("rules/a.yaml"));
    await counted("error", 2);
    expect(await limitOf()).toBe(5);
    await rm(at("rules/a.yaml"));
    await put("rules/a.yaml", rulesOf(6));
    await inForce(6);
  });
});

describe("buckets after a reload", () => {
  it("keep their tokens: a larger limit adds none, a smaller one takes the surplus (D11)", async () => {
    await put("rules/a.yaml", rulesOf(10));
    await serve("rules");
    const [spent, fresh] = [newClient(), newClient()];
    expect(await ask(spent, 8)).toMatchObject({ code: "OK", limit_remaining: 2 });
    expect(await ask(fresh, 1)).toMatchObject({ code: "OK", limit_remaining: 9 });
    await put("rules/a.yaml", rulesOf(1_000));
    await inForce(1_000);
    expect(await ask(spent, 3)).toMatchObject({ code: "OVER_LIMIT", limit_remaining: 2 });
    await put("rules/a.yaml", rulesOf(4));
    await inForce(4);
    expect(await ask(spent, 0)).toMatchObject({ limit_remaining: 2 });
    expect(await ask(fresh, 0)).toMatchObject({ limit_remaining: 4 });
  });

  it("keep their tokens while their rule was away, and when it moves to another file and line", async () => {
    await put("rules/a.yaml", rulesOf(10));
    await put("rules/b.yaml", rulesOf(7, "path"));
    await serve("rules");
    const spent = newClient();
    await ask(spent, 8);
    await rm(at("rules/a.yaml"));
    await inForce(undefined);
    await put("rules/z.yaml", `# Moved.\n${rulesOf(10)}`);
    await inForce(10);
    expect(await ask(spent, 0)).toMatchObject({ limit_remaining: 2 });
  });
});
