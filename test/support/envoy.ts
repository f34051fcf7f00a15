import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { envoyStat } from "./envoy-stat.js";
import { freePort } from "./free-port.js";
import { answersOk, type HttpAnswer, type HttpOptions, http } from "./http-client.js";
import { launch, type Program, whenReady } from "./program.js";
import { envoyPath } from "./tools.js";

/** The configurations that the project ships. */
export const SHIPPED_CONFIGS = resolve(import.meta.dirname, "../../envoy");

/** Envoy in front of a Weir. */
export interface Envoy extends Program {
  readonly url: string;
  /** Envoy's own pages. */
  readonly adminUrl: string;
  /** A request to the front proxy. */
  get(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** A counter or gauge of Envoy's own. @throws Error (as a promise) when there is none of that name */
  stat(name: string): Promise<number>;
}

export interface EnvoyOptions {
  /** Where Weir answers gRPC. */
  readonly weirPort: number;
  /**
   * How long Envoy waits for Weir, in its notation. Default `5s`, not the 20 ms that the file says: beyond them Envoy lets
   * requests through, and a machine that stalls for 20 ms would fail a test that counts.
   */
  readonly rateLimitTimeout?: string;
  /** A change of the configuration's text beyond that. */
  readonly edit?: (yaml: string) => string;
  /** The shipped configuration, relative to envoy/. Default `envoy.yaml`. */
  readonly config?: string;
  /** Ports for those of the configuration that others listen on, beside Weir. */
  readonly ports?: ReadonlyMap<number, number>;
}

/** Replaces text that must be there, so that a change of the shipped file cannot silently undo a test. */
export function replaceIn(text: string, search: string, replacement: string): string {
  if (!text.includes(search)) throw new Error(`the configuration does not contain ${search}`);
  return text.replaceAll(search, replacement);
}

/** The shipped configuration on other ports. */
async function configure(options: EnvoyOptions, ports: ReadonlyMap<number, number>): Promise<string> {
  const shipped = await readFile(resolve(SHIPPED_CONFIGS, options.config ?? "envoy.yaml"), "utf8");
  const moved = shipped.replace(/port_value: (\d+)/g, (_, digits: string) => {
    const port = ports.get(Number(digits));
    if (port === undefined) throw new Error(`the configuration has a port that this test does not move: ${digits}`);
    return `port_value: ${port}`;
  });
  const patient = replaceIn(moved, "timeout: 0.02s", `timeout: ${options.rateLimitTimeout ?? "5s"}`);
  return options.edit === undefined ? patient : options.edit(patient);
}

/** Runs Envoy on a configuration and waits until it serves; the file is gone by then. */
async function launchEnvoy(configuration: string, adminUrl: string): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), "weir-envoy-"));
  try {
    const file = join(folder, "envoy.yaml");
    await writeFile(file, configuration);
    // Without hot restart it shares no memory with any other Envoy on this machine.
    const args = ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"];
    const program = await launch(envoyPath(), args);
    return await whenReady(program, "envoy", () => answersOk(`${adminUrl}/ready`));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Starts Envoy with a shipped configuration, on free ports of 127.0.0.1, and waits until it serves. */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const front = await freePort();
  const admin = await freePort();
  const ports = new Map([
    [10_000, front],
    [10_001, await freePort()],
    [9_901, admin],
    [8_081, options.weirPort],
    ...(options.ports ?? []),
  ]);
  return startEnvoyWith(await configure(options, ports), front, admin);
}

/** Starts Envoy with this configuration, whose front proxy and own pages are on these ports of 127.0.0.1. */
export async function startEnvoyWith(configuration: string, front: number, admin: number): Promise<Envoy> {
  const url = `http://127.0.0.1:${front}`;
  const adminUrl = `http://127.0.0.1:${admin}`;
  const program = await launchEnvoy(configuration, adminUrl);
  return {
    ...program,
    url,
    adminUrl,
    get: (path, requestOptions) => http(`${url}${path}`, requestOptions),
    stat: (name) => envoyStat(adminUrl, name),
  };
}

/** What `envoy --mode validate` says to this file: `OK` at its end, when it is fine. */
export function validatedByEnvoy(file: string): string {
  const args = ["--mode", "validate", "-c", file, "--log-level", "error"];
  const { stdout, stderr } = spawnSync(envoyPath(), args, { encoding: "utf8", timeout: 20_000 });
  return `${stdout}${stderr}`.trim();
}
