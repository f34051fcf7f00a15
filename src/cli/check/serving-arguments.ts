import type { ListenAddress, TcpAddress } from "../../net/listen-address.js";
import { type Environment, readSettings } from "../../settings.js";
import type { Arguments } from "../read-arguments.js";
import { type CHECK_FLAGS, type CheckFlags, readAddress, readTimeout } from "./check-arguments.js";

/** Whom to ask whether it wants traffic. */
export interface ServingPlan {
  /** gRPC: its health service. HTTP: `/readyz`. */
  readonly protocol: "gRPC" | "HTTP";
  /** HTTP is at no unix socket. */
  readonly address: ListenAddress;
  readonly timeoutMillis: number;
}

/** A server that listens everywhere is asked here. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Whether nothing is asked but that. */
export function asksForServing({ positionals }: Arguments<typeof CHECK_FLAGS>): boolean {
  return positionals.length === 0;
}

/** Reads the command line without a domain, or says why it makes no sense. */
export function readServingPlan(flags: CheckFlags, env: Environment): ServingPlan | string {
  const { addr: _, timeout: __, ...others } = flags;
  const [other] = Object.keys(others);
  if (other !== undefined) return `--${other} requires DOMAIN and KEY=VALUE`;
  const timeoutMillis = readTimeout(flags);
  if (typeof timeoutMillis === "string") return timeoutMillis;
  if (flags.addr !== undefined) {
    const address = readAddress(flags);
    return typeof address === "string" ? address : { protocol: "gRPC", address, timeoutMillis };
  }
  return planFromSettings(env, timeoutMillis);
}

function planFromSettings(env: Environment, timeoutMillis: number): ServingPlan | string {
  const { settings, errors } = readSettings(env, []);
  if (settings === undefined) return errors.join("\n");
  const { grpcListen, httpListen, grpcTlsCert } = settings;
  // A certificate is for the names that proxies know the server by, and who asks may need to show one, too.
  if (grpcTlsCert === "" && ("path" in grpcListen || grpcListen.port !== 0)) {
    const address = "path" in grpcListen ? grpcListen : localAddress(grpcListen);
    return { protocol: "gRPC", address, timeoutMillis };
  }
  if (httpListen.port !== 0) return { protocol: "HTTP", address: localAddress(httpListen), timeoutMillis };
  return "WEIR_HTTP_LISTEN leaves the port to the system: pass --addr HOST:PORT";
}

function localAddress({ host, port }: TcpAddress): TcpAddress {
  return { host: LOOPBACK[host] ?? host, port };
}
