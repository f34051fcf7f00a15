import type { RedisOptions } from "ioredis";

/** Where a Redis server is and how to get in, as ioredis takes it. */
export type RedisAddress = Pick<RedisOptions, "host" | "port" | "path" | "username" | "password" | "db" | "tls">;

const DEFAULT_PORT = 6379;

/**
 * Reads `redis://[user:password@]host[:port][/db]`, the same with `rediss://` for TLS, or `unix:///path/to/socket`.
 * ioredis reads URLs itself, but there a query string could overrule the options that keep charges from being sent twice.
 * @throws TypeError that says what is wrong without repeating the URL, which may hold a password
 */
export function parseRedisUrl(text: string): RedisAddress {
  if (!URL.canParse(text)) throw new TypeError("the Redis URL is not a URL");
  const { protocol, hostname, port, pathname, username, password, search, hash } = new URL(text);
  if (search !== "" || hash !== "") throw new TypeError("the Redis URL must not have a query or a fragment");
  if (protocol === "unix:") {
    if (hostname !== "" || pathname.length < 2) throw new TypeError("the Redis URL must be unix:///path/to/socket");
    return { path: decode(pathname) };
  }
  if (protocol !== "redis:" && protocol !== "rediss:") {
    throw new TypeError("the Redis URL must start with redis://, rediss:// or unix://");
  }
  if (hostname === "") throw new TypeError("the Redis URL has no host");
  if (!/^\/?\d{0,9}$/.test(pathname)) throw new TypeError("the Redis URL's path must be the number of a database");
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? DEFAULT_PORT : Number(port),
    db: Number(pathname.slice(1)),
    ...(username === "" ? {} : { username: decode(username) }),
    // A user without one has the empty password.
    ...(username === "" && password === "" ? {} : { password: decode(password) }),
    ...(protocol === "rediss:" ? { tls: {} } : {}),
  };
}

/** The address for people: never user or password. */
export function describeAddress({ host, port, path }: RedisAddress): string {
  if (path !== undefined) return path;
  return host?.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The cause would hold the password.
    throw new TypeError("the Redis URL has a % that is not followed by two hexadecimal digits");
  }
}
