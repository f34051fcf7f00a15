import { execFile } from "node:child_process";
import { resolve } from "node:path";

/** Where docker-compose.yml is. */
export const REPOSITORY = resolve(import.meta.dirname, "../../..");

/** An image that is not there yet is built, and this machine has few cores. */
const PATIENCE_MILLIS = 400_000;

/**
 * Runs `docker` in the repository; gives what it wrote to stdout.
 * @throws Error with its own words when it fails
 */
export function docker(...args: readonly string[]): Promise<string> {
  return new Promise((settle, reject) => {
    const options = { cwd: REPOSITORY, timeout: PATIENCE_MILLIS, maxBuffer: 64 * 1024 * 1024 };
    execFile("docker", args, options, (error, stdout, stderr) => {
      if (error === null) settle(stdout);
      else reject(new Error(`docker ${args.join(" ")}: ${error.message}\n${stderr}`, { cause: error }));
    });
  });
}

/** A service as Compose reads it: defaults filled in, anchors resolved. */
export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[] | null;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly network_mode?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly restart?: string;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly { readonly host_ip?: string; readonly published: string }[];
  readonly volumes?: readonly {
    readonly type: string;
    readonly source: string;
    readonly target: string;
    readonly read_only?: boolean;
  }[];
}

/** The services of docker-compose.yml, those of profiles too. */
export async function composeServices(): Promise<ReadonlyMap<string, ComposeService>> {
  const text = await docker("compose", "--profile", "*", "config", "--format", "json");
  const { services } = JSON.parse(text) as { services: Record<string, ComposeService> };
  return new Map(Object.entries(services));
}
