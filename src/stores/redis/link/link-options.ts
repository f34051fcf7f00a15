import type { LuaScript } from "../lua-script.js";
import type { TlsFiles } from "./tls-files.js";

/** How Redis is run: one server, a master that Sentinels watch, or a Cluster. */
export type Topology = "single" | "sentinel" | "cluster";

export interface RedisLinkOptions {
  /** Default single. */
  readonly topology?: Topology;
  /**
   * One server as `redis://`, `rediss://` or `unix:///path`; or Sentinels, or some nodes of a Cluster, as hosts with
   * commas between them. A user and a password in it are those of the servers, never of the Sentinels.
   */
  readonly url: string;
  /** The name by which the Sentinels know the master. */
  readonly sentinelMaster?: string | undefined;
  /** Of the servers, in place of the URL's. */
  readonly user?: string | undefined;
  /** A file that holds the servers' password, and may be replaced at any time. In place of the URL's. */
  readonly passwordFile?: string | undefined;
  readonly sentinelUser?: string | undefined;
  readonly sentinelPasswordFile?: string | undefined;
  /** In place of that file. */
  readonly sentinelPassword?: string | undefined;
  /** For `rediss://`: servers and Sentinels alike. */
  readonly tls?: TlsFiles;
  /** Sent to every server ahead of their first use. */
  readonly scripts: readonly LuaScript[];
  /** How long connecting may take, TLS included. Default 5 s. */
  readonly connectTimeoutMillis?: number;
  /** After so long without any reply to what was sent the connection is made anew. Default 1 s. */
  readonly silenceTimeoutMillis?: number;
  /** Told what an operator should look at, in words without secrets; each once. */
  readonly onWarning?: (message: string) => void;
}
