import { resolve } from "node:path";
import { freePort } from "./free-port.js";
import { answersOk, http } from "./http-client.js";
import { launch, type Program, whenReady } from "./program.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");

/** The rules that the project ships. */
export const SHIPPED_RULES = resolve(REPOSITORY, "config/rules");

/** `weir serve` as its own process, as it is built in dist. */
export interface WeirProcess extends Program {
  readonly grpcPort: number;
  readonly httpUrl: string;
  /** The admin API, on a free port; empty where WEIR_ADMIN_LISTEN says that there is none. */
  readonly adminUrl: string;
  /** The text of /metrics. */
  metrics(): Promise<string>;
}

export interface WeirOptions {
  /** Default: the rules that the project ships. */
  readonly rules?: string;
  /** Default: the memory store. */
  readonly redisUrl?: string;
  /** Default: a free one. */
  readonly grpcPort?: number;
  /** More settings, such as WEIR_STORE_TIMEOUT. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it is waited for. Default: /readyz, that it is ready. */
  readonly awaited?: "/readyz" | "/healthz";
}

/** Starts Weir on free ports of 127.0.0.1 and waits until it is ready, or lives. */
export async function startWeir(options: WeirOptions = {}): Promise<WeirProcess> {
  const { rules = SHIPPED_RULES, redisUrl, env = {}, awaited = "/readyz" } = options;
  const grpcPort = options.grpcPort ?? (await freePort());
  const httpUrl = `http://127.0.0.1:${await freePort()}`;
  const store = redisUrl === undefined ? { WEIR_STORE: "memory" } : { WEIR_STORE: "redis", WEIR_REDIS_URL: redisUrl };
  const program = await launch(process.execPath, ["dist/main.js", "serve"], {
    cwd: REPOSITORY,
    env: {
      PATH: process.env.PATH,
      WEIR_RULES: rules,
      WEIR_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
      WEIR_HTTP_LISTEN: httpUrl.replace("http://", ""),
      WEIR_ADMIN_LISTEN: "127.0.0.1:0",
      ...store,
      ...env,
    },
  });
  await whenReady(program, "weir serve", () => answersOk(`${httpUrl}${awaited}`));
  const adminUrl = adminUrlOf(program.output());
  return { ...program, grpcPort, httpUrl, adminUrl, metrics: async () => (await http(`${httpUrl}/metrics`)).body };
}

/** The port is in the log line that says that all listeners are open. */
function adminUrlOf(output: string): string {
  const [, port] = /"adminPort":(\d+)/.exec(output) ?? [];
  return port === undefined ? "" : `http://127.0.0.1:${port}`;
}
