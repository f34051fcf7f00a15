import { Credentials } from "./credentials.js";
import type { RedisLinkOptions } from "./link-options.js";
import type { Endpoint, Timeouts } from "./open-client.js";
import { type HostPort, parseRedisUrl, type RedisAddress } from "./redis-address.js";
import { readTlsFiles } from "./tls-files.js";

/** What every kind of link is made of. */
export interface LinkParts {
  readonly address: RedisAddress;
  readonly timeouts: Timeouts;
  readonly credentials: Credentials;
  readonly onWarning: (message: string) => void;
  /** Everything but the place: read from its files for every connection. */
  endpoint(target: Endpoint["target"], credentials?: Credentials): Promise<Endpoint>;
}

/** @throws TypeError for a URL or a file that cannot be used, in words without secrets */
export function linkParts(options: RedisLinkOptions, defaultPort?: number): LinkParts {
  const address = parseRedisUrl(options.url, defaultPort);
  const onWarning = once(options.onWarning ?? (() => {}));
  const credentials = new Credentials({
    user: options.user ?? address.user,
    password: address.password,
    passwordFile: options.passwordFile,
    onWarning: (words) => onWarning(`Redis: ${words}`),
  });
  const endpoint = async (target: Endpoint["target"], from = credentials): Promise<Endpoint> => ({
    target,
    login: await from.read(),
    tls: address.isTls ? await readTlsFiles(options.tls ?? {}) : undefined,
    database: from === credentials ? address.database : 0,
  });
  const timeouts = {
    connectMillis: options.connectTimeoutMillis ?? 5_000,
    silenceMillis: options.silenceTimeoutMillis ?? 1_000,
  };
  return { address, timeouts, credentials, onWarning, endpoint };
}

/** Host and port as an endpoint has them, and nothing else. */
export function targetOf({ host, port }: HostPort): Endpoint["target"] {
  return { host, port };
}

/** Keeps what is told again and again, with every connection, from being told more than once. */
function once(tell: (message: string) => void): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (told.has(message)) return;
    told.add(message);
    tell(message);
  };
}
