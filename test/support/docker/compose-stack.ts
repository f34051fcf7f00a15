import { chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyStat } from "../envoy-stat.js";
import { freePort } from "../free-port.js";
import { type HttpAnswer, http } from "../http-client.js";
import { docker, REPOSITORY } from "./compose.js";

/** The services of docker-compose.yml as containers, on ports and under a name of their own, without Grafana. */
export interface ComposeStack {
  /** Compose's name of it, which is on all that it made. */
  readonly project: string;
  /** Envoy, behind which is the shop. */
  readonly frontUrl: string;
  readonly consoleUrl: string;
  readonly prometheusUrl: string;
  /** A request to the front proxy. */
  get(path: string): Promise<HttpAnswer>;
  /** A counter of Envoy's own. @throws Error (as a promise) when there is none of that name */
  envoyStat(name: string): Promise<number>;
  /** `docker compose` with these arguments; gives what it wrote to stdout. */
  compose(...args: readonly string[]): Promise<string>;
  /** Writes a file of rules beside the shipped ones, as an editor would. */
  writeRules(yaml: string): Promise<void>;
  /** `docker compose down --volumes`, and the image that was built. */
  down(): Promise<void>;
  /** Removes what `down` leaves: the files of this test. */
  remove(): Promise<void>;
}

/** What differs from the shipped file: ports that are free here, rules that a test may edit, more patience. */
interface Override {
  readonly folder: string;
  readonly image: string;
  readonly ports: {
    readonly front: number;
    readonly envoy: number;
    readonly console: number;
    readonly prometheus: number;
  };
}

function overrideYaml({ folder, image, ports }: Override): string {
  const replica = `
    image: ${image}
    environment: { WEIR_STORE_TIMEOUT: 500ms }
    volumes: ["${folder}/rules:/etc/weir/rules:ro"]`;
  return `
services:
  envoy:
    ports: !override ["127.0.0.1:${ports.front}:10000", "127.0.0.1:${ports.envoy}:9901"]
    volumes: ["${folder}/compose.sed:/etc/envoy/compose.sed:ro"]
  weir-1: ${replica}
    ports: !override ["127.0.0.1:${ports.console}:6070"]
  weir-2: ${replica}
  prometheus:
    ports: !override ["127.0.0.1:${ports.prometheus}:9090"]
`;
}

/** Files that containers may read, whoever they run as. */
async function writeFiles(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "weir-compose-"));
  await chmod(folder, 0o755);
  await cp(join(REPOSITORY, "config/rules"), join(folder, "rules"), { recursive: true });
  // Not the 20 ms that the file says: beyond them Envoy lets requests through, and a machine that stalls for 20 ms would
  // fail a test that counts.
  const sed = await readFile(join(REPOSITORY, "envoy/compose.sed"), "utf8");
  await writeFile(join(folder, "compose.sed"), `${sed}s/timeout: 0.02s/timeout: 5s/\n`);
  return folder;
}

/** Describes a stack that does not run yet: `compose("up", ...)` starts it. */
export async function describeStack(rules: string): Promise<ComposeStack> {
  const project = `weir-test-${process.pid}`;
  const image = `${project}:local`;
  const folder = await writeFiles();
  const ports = {
    front: await freePort(),
    envoy: await freePort(),
    console: await freePort(),
    prometheus: await freePort(),
  };
  const override = join(folder, "override.yml");
  await writeFile(override, overrideYaml({ folder, image, ports }));
  const compose = (...args: readonly string[]): Promise<string> =>
    docker("compose", "--project-name", project, "--file", "docker-compose.yml", "--file", override, ...args);
  const writeRules = (yaml: string): Promise<void> => writeFile(join(folder, "rules/test.yaml"), yaml);
  await writeRules(rules);
  const frontUrl = `http://127.0.0.1:${ports.front}`;
  return {
    project,
    frontUrl,
    consoleUrl: `http://127.0.0.1:${ports.console}`,
    prometheusUrl: `http://127.0.0.1:${ports.prometheus}`,
    get: (path) => http(`${frontUrl}${path}`),
    envoyStat: (name) => envoyStat(`http://127.0.0.1:${ports.envoy}`, name),
    compose,
    writeRules,
    down: async () => {
      await compose("down", "--volumes");
      await docker("image", "rm", image);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
