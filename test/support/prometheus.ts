import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { findProgram, TOOLS } from "./find-program.js";
import { freePort } from "./free-port.js";
import { answersOk, http } from "./http-client.js";
import { launch, type Program, whenReady } from "./program.js";

/** What the project ships for Prometheus and Grafana. */
export const MONITORING = resolve(import.meta.dirname, "../../monitoring");

/** One series at one moment. Values that are no numbers are NaN. */
export interface InstantSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A rule as Prometheus runs it. */
export interface RunningRule {
  readonly name: string;
  readonly type: "alerting" | "recording";
  /** `ok`, `err`, or `unknown` before it was evaluated first. */
  readonly health: string;
  readonly lastError?: string;
  /** Of an alert: `inactive`, `pending` or `firing`. */
  readonly state?: string;
}

/** A real Prometheus with the shipped configuration and rules, and targets of the test's own. */
export interface Prometheus extends Program {
  /** @throws Error with Prometheus' own words when the query is not valid */
  query(expression: string): Promise<readonly InstantSample[]>;
  metricNames(): Promise<ReadonlySet<string>>;
  rules(): Promise<readonly RunningRule[]>;
}

interface Configuration {
  readonly global: Record<string, string>;
  readonly rule_files: string[];
  readonly scrape_configs: { readonly job_name: string; readonly static_configs: unknown }[];
}

/**
 * The path of `prometheus` or `promtool`.
 * @throws Error when it is not there, with words on how to get it
 */
function monitoringTool(name: "prometheus" | "promtool"): string {
  const found = findProgram(name, [join(TOOLS, "prometheus")]);
  if (found !== undefined) return found;
  throw new Error(`${name} is not on this machine: run \`bash scripts/ensure-monitoring-tools.sh\``);
}

/** Runs promtool in monitoring/; gives its exit code and all that it said. */
export function promtool(...args: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }> {
  return new Promise((settle, reject) => {
    const options = { cwd: MONITORING, timeout: 60_000 };
    execFile(monitoringTool("promtool"), args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else settle({ exitCode: Number(error?.code ?? 0), output: `${stdout}${stderr}` });
    });
  });
}

/** Starts Prometheus on the shipped configuration, but scraping these targets, every second. */
export async function startPrometheus(targets: Readonly<Record<string, readonly string[]>>): Promise<Prometheus> {
  const path = monitoringTool("prometheus");
  const folder = await mkdtemp(join(tmpdir(), "weir-prometheus-"));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  await writeFile(join(folder, "prometheus.yml"), await configure(targets));
  const program = await launch(path, [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "tsdb")}`,
    `--web.listen-address=${address}`,
    "--log.level=warn",
  ]);
  try {
    await whenReady(program, "prometheus", () => answersOk(`${url}/-/ready`));
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  return {
    ...program,
    query: (expression) => query(url, expression),
    metricNames: async () => new Set((await ask(`${url}/api/v1/label/__name__/values`)) as string[]),
    rules: async () => {
      const { groups } = (await ask(`${url}/api/v1/rules`)) as { groups: { rules: RunningRule[] }[] };
      return groups.flatMap((group) => group.rules);
    },
    stop: async () => {
      const end = await program.stop();
      await rm(folder, { recursive: true });
      return end;
    },
  };
}

/** The shipped configuration with these targets; a job of the file without any is a mistake of the test. */
async function configure(targets: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const shipped = parse(await readFile(join(MONITORING, "prometheus.yml"), "utf8")) as Configuration;
  return stringify({
    ...shipped,
    global: { ...shipped.global, scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: shipped.rule_files.map((file) => join(MONITORING, file)),
    scrape_configs: shipped.scrape_configs.map((job) => {
      const own = targets[job.job_name];
      if (own === undefined) throw new Error(`prometheus.yml has a job without targets here: ${job.job_name}`);
      return { ...job, static_configs: [{ targets: own }] };
    }),
  });
}

async function query(url: string, expression: string): Promise<InstantSample[]> {
  const { result } = (await ask(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
    result: { metric: Record<string, string>; value: [number, string] }[];
  };
  return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

async function ask(url: string): Promise<unknown> {
  const { body } = await http(url);
  const { status, error, data } = JSON.parse(body) as { status: string; error?: string; data: unknown };
  if (status !== "success") throw new Error(`${decodeURIComponent(url)}: ${error}`);
  return data;
}
