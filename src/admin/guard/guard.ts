import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "../api/api-route.js";
import type { TokenFile } from "./token-file.js";

export interface GuardOptions {
  /** The host that the listener was told; IPv6 without brackets. */
  readonly listenHost: string;
  /** More names by which it may be called. */
  readonly hosts: readonly string[];
  /** Absent: none is needed. */
  readonly token: TokenFile | undefined;
}

/** A request as far as its head says. */
export interface RequestHead {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]/?#@\\\s]+)(?::\d{1,5})?$/;

/**
 * Keeps out who may not call. A page in somebody's browser may send requests here, too: under a name of its own that
 * points here (DNS rebinding), which the Host header shows, or from elsewhere, which the Origin header shows.
 */
export class Guard {
  readonly #names: ReadonlySet<string>;
  readonly #token: TokenFile | undefined;

  constructor({ listenHost, hosts, token }: GuardOptions) {
    const own = listenHost.includes(":") ? `[${listenHost}]` : listenHost;
    this.#names = new Set([...LOOPBACK_NAMES, own, ...hosts].map((name) => name.toLowerCase()));
    this.#token = token;
  }

  /** @throws ApiError 403 for a name that is not ours, and for a change that a page of elsewhere wants */
  checkSource({ method, headers }: RequestHead): void {
    const host = headers.host?.toLowerCase() ?? "";
    const name = HOST.exec(host)?.[1];
    if (name === undefined || !this.#names.has(name)) {
      throw new ApiError(403, "this host is not served here: WEIR_ADMIN_HOSTS lists those that are", "Host");
    }
    if (method === "GET" || method === "HEAD") return;
    const { origin } = headers;
    const isOwn = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
    const site = headers["sec-fetch-site"];
    if (!isOwn || (site !== undefined && site !== "same-origin" && site !== "none")) {
      throw new ApiError(403, "changes are not taken from pages of other origins", "Origin");
    }
  }

  /** @throws ApiError 401 without the token, where there is one */
  async checkToken({ headers }: RequestHead): Promise<void> {
    if (this.#token === undefined) return;
    const [, token] = /^Bearer +([\x21-\x7e]+) *$/i.exec(headers.authorization ?? "") ?? [];
    if (token === undefined) throw new ApiError(401, "a bearer token is needed", "Authorization");
    if (!(await this.#token.accepts(token))) throw new ApiError(401, "this is not the token", "Authorization");
  }
}
