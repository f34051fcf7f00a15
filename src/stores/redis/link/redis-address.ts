/** A name or an address, and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What a Redis URL says. */
export interface RedisAddress {
  /** At least one, unless there is a path. */
  readonly hosts: readonly HostPort[];
  /** Of a unix socket, in place of hosts. */
  readonly path?: string;
  readonly user?: string;
  /** May be empty: so is that of a user without one. */
  readonly password?: string;
  readonly database: number;
  readonly isTls: boolean;
}

const DEFAULT_PORT = 6379;

/**
 * Reads `redis://[user:password@]host[:port][,host[:port]...][/database]`, the same with `rediss://` for TLS, or
 * `unix:///path/to/socket`. ioredis reads URLs itself, but there a query string could overrule the options that keep
 * charges from being sent twice.
 * @param defaultPort of hosts without one
 * @throws TypeError that says what is wrong without repeating the URL, which may hold a password
 */
export function parseRedisUrl(text: string, defaultPort: number = DEFAULT_PORT): RedisAddress {
  const [, scheme, authority = "", rest = ""] = /^([a-z][a-z0-9+.-]*:)\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) throw new TypeError("the Redis URL is not a URL");
  const protocol = scheme.toLowerCase();
  if (/[?#]/.test(rest)) throw new TypeError("the Redis URL must not have a query or a fragment");
  if (protocol === "unix:") return socketAddress(authority, rest);
  if (protocol !== "redis:" && protocol !== "rediss:") {
    throw new TypeError("the Redis URL must start with redis://, rediss:// or unix://");
  }
  if (!/^\/?\d{0,9}$/.test(rest)) throw new TypeError("the Redis URL's path must be the number of a database");
  const at = authority.lastIndexOf("@");
  const hosts = authority.slice(at + 1).split(",");
  return {
    hosts: hosts.map((host) => readHost(host, defaultPort)),
    database: Number(rest.slice(1)),
    isTls: protocol === "rediss:",
    ...readLogin(authority.slice(0, at + 1)),
  };
}

/** The address for people: never user or password. */
export function describeAddress({ hosts, path }: Pick<RedisAddress, "hosts" | "path">): string {
  return path ?? hosts.map(describeHost).join(", ");
}

export function describeHost({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function socketAddress(authority: string, rest: string): RedisAddress {
  if (authority !== "" || rest.length < 2) throw new TypeError("the Redis URL must be unix:///path/to/socket");
  return { hosts: [], path: decode(rest), database: 0, isTls: false };
}

function readHost(text: string, defaultPort: number): HostPort {
  if (text === "" || text.startsWith(":")) throw new TypeError("the Redis URL has no host");
  const url = `redis://${text}`;
  if (!URL.canParse(url)) throw new TypeError("the Redis URL is not a URL");
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? defaultPort : Number(port) };
}

/** @param text with its @, or empty */
function readLogin(text: string): { user?: string; password?: string } {
  const url = `redis://${text}host`;
  if (!URL.canParse(url)) throw new TypeError("the Redis URL is not a URL");
  const { username, password } = new URL(url);
  return {
    ...(username === "" ? {} : { user: decode(username) }),
    // A user without one has the empty password.
    ...(username === "" && password === "" ? {} : { password: decode(password) }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The cause would hold the password.
    throw new TypeError("the Redis URL has a % that is not followed by two hexadecimal digits");
  }
}
