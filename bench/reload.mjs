import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { load, requestFrames } from "./load.mjs";
import { tableOf } from "./report.mjs";

/** What reloads are measured with. */
const RULES = 10_000;
/** Shorter than a reload takes, so that one follows the other. */
const CHANGE_MS = 250;
/** What no decision may wait for a reload. */
const BOUND_MS = 5;
const HOST = "127.0.0.1";
const LOAD = { connections: 4, streams: 50 };
const REQUESTS = { key: "client", keys: 10_000, descriptors: 1 };

/** @typedef {import("./servers.mjs").Servers} Servers */
/** @typedef {import("./loop-delay.mjs").LoopDelay} LoopDelay */
/**
 * Reloads so far, by whether anything had changed, and the seconds that all of them took together.
 * @typedef {{ changed: number, unchanged: number, seconds: number }} Reloads
 */

/**
 * Rules that let the benchmark's requests pass, with many more beside them.
 * @param {number} version makes a text that differs from any other
 */
function rulesText(version) {
  const lines = ["domain: bench", "descriptors:"];
  for (const key of ["client", "path"]) {
    lines.push(`  - key: ${key}`, "    rate_limit: { unit: hour, requests_per_unit: 500000 }");
  }
  for (let rule = 2; rule < RULES; rule++) {
    lines.push(`  - key: tenant`, `    value: tenant-${rule}`);
    lines.push(`    rate_limit: { unit: minute, requests_per_unit: ${100 + version}, burst: 20 }`);
  }
  return lines.join("\n");
}

/** A server with a folder of rules that can be changed, and its own account of how long it was busy. */
class ReloadedServer {
  #folder = mkdtempSync(join(tmpdir(), "weir-bench-reload-"));
  #version = 0;
  #delayFile = join(this.#folder, "delay.json");
  /** @type {import("./servers.mjs").Running} */
  running = { port: 0, pid: 0, httpPort: 0 };

  /** @param {Servers} servers */
  async start(servers) {
    // Written beforehand: to make such a file takes longer than the load, which this program makes too, may wait.
    for (const version of [0, 1]) writeFileSync(join(this.#folder, `version-${version}`), rulesText(version));
    this.changeRules();
    const preload = pathToFileURL(join(import.meta.dirname, "loop-delay.mjs"));
    this.running = await servers.weir({
      WEIR_RULES: join(this.#folder, "rules.yaml"),
      NODE_OPTIONS: `--import ${preload}`,
      BENCH_LOOP_DELAY: this.#delayFile,
    });
  }

  changeRules() {
    symlinkSync(`version-${this.#version++ % 2}`, join(this.#folder, "rules.new"));
    renameSync(join(this.#folder, "rules.new"), join(this.#folder, "rules.yaml"));
  }

  /** @returns {Promise<LoopDelay>} since the last call */
  async takeDelay() {
    rmSync(this.#delayFile, { force: true });
    process.kill(this.running.pid, "SIGUSR2");
    for (;;) {
      try {
        return JSON.parse(readFileSync(this.#delayFile, "utf8"));
      } catch {
        await sleep(1);
      }
    }
  }

  /** @returns {Promise<Reloads>} */
  async reloads() {
    const text = await (await fetch(`http://${HOST}:${this.running.httpPort}/metrics`)).text();
    /** @param {string} sample */
    const figure = (sample) =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${sample} `))
          ?.split(" ")[1],
      );
    return {
      changed: figure('weir_rules_reloads_total{result="ok"}'),
      unchanged: figure('weir_rules_reloads_total{result="unchanged"}'),
      seconds: figure("weir_rules_reload_duration_seconds_sum"),
    };
  }

  /** Waits until the last change is in force: then to read the rules again changes nothing. */
  async settle() {
    const { unchanged } = await this.reloads();
    do {
      process.kill(this.running.pid, "SIGHUP");
      await sleep(CHANGE_MS);
    } while ((await this.reloads()).unchanged === unchanged);
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} name
 * @param {ReloadedServer} server
 * @param {{ seconds: number, rate: number, change: boolean }} how
 * @returns {Promise<string[]>} a line of the table
 */
async function measure(name, server, { seconds, rate, change }) {
  const before = await server.reloads();
  await server.takeDelay();
  const changes = change ? setInterval(() => server.changeRules(), CHANGE_MS) : undefined;
  const target = { host: HOST, port: server.running.port, ...LOAD };
  const { tally } = await load(target, requestFrames(REQUESTS), { seconds, rate });
  clearInterval(changes);
  const { longestDelay, longestGc } = await server.takeDelay();
  const after = await server.reloads();
  await server.settle();
  const reloads = after.changed - before.changed;
  const each = reloads === 0 ? "-" : ((after.seconds - before.seconds) / reloads).toFixed(2);
  const times = [0.5, 0.99, 0.999, 1].map((share) => tally.times.quantile(share).toFixed(2));
  const late = `${(tally.times.shareFrom(BOUND_MS) * 100).toFixed(2)}%`;
  const counts = [tally.ok, tally.overLimit + tally.failed].map(String);
  return [name, String(reloads), each, longestDelay.toFixed(1), longestGc.toFixed(1), ...times, late, ...counts];
}

/**
 * Measures how long decisions wait while 10,000 rules are reloaded again and again, beside the same without reloads.
 * @param {Servers} servers
 * @param {{ seconds: number, rate: number, rounds: number }} options
 */
export async function measureReloads(servers, { seconds, rate, rounds }) {
  const server = new ReloadedServer();
  try {
    await server.start(servers);
    await measure("warm up", server, { seconds, rate, change: true });
    const lines = [];
    for (let round = 0; round < rounds; round++) {
      lines.push(await measure("without reloads", server, { seconds: seconds * 2, rate, change: false }));
      lines.push(await measure("reload", server, { seconds: seconds * 2, rate, change: true }));
    }
    const head = [
      "",
      "reloads",
      "s each",
      "longest delay ms",
      "longest GC ms",
      "p50 ms",
      "p99 ms",
      "p999 ms",
      "max ms",
    ];
    console.log(`\nReloads of ${RULES} rules at an even ${rate} requests a second, ${rounds} rounds:`);
    console.log(tableOf([[...head, `>${BOUND_MS} ms`, "ok", "wrong"], ...lines]));
  } finally {
    server.remove();
  }
}
