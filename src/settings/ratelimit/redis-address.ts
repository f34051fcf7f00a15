import { type RatelimitValues, RatelimitVariableError } from "./variable.js";

/** Where ER's variables say that Redis is, in the parts that Weir's settings have. */
export interface ErRedisAddress {
  /** For WEIR_REDIS_URL. Holds the password. */
  readonly url: string;
  readonly isTls: boolean;
  /** Of Sentinel. */
  readonly master: string | undefined;
  /** User and password in the addresses of Sentinels are theirs. */
  readonly sentinelLogin: Login | undefined;
}

/** Both as they are; the user empty where there is none. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** One of the addresses in REDIS_URL. */
interface Address {
  readonly host: string;
  readonly login: Login | undefined;
  readonly database: string;
  readonly isTls: boolean;
}

/** `password` or `user:password`. Undefined: neither. */
export function readAuth(text: string): Login | undefined {
  if (text === "") return undefined;
  const colon = text.indexOf(":");
  return { user: text.slice(0, Math.max(0, colon)), password: text.slice(colon + 1) };
}

/** `single`, `sentinel` or `cluster`: how REDIS_URL is to be read. */
export function redisTypeOf(er: RatelimitValues): string {
  return er.set("redisTopology") ?? er.text("REDIS_TYPE").toLowerCase();
}

/** @throws RatelimitVariableError without any part of the address, which may hold a password */
export function readRedisAddress(er: RatelimitValues): ErRedisAddress {
  const type = redisTypeOf(er);
  const text = er.text("REDIS_URL").trim();
  const auth = er.set("redisPasswordFile") === undefined ? readAuth(er.text("REDIS_AUTH")) : undefined;
  if (type === "single" && isSocket(er, text)) return socketAddress(er, text, auth);
  const [first = "", ...others] = text.split(",").map((part) => part.trim());
  const isSentinel = type === "sentinel";
  if (isSentinel && others.length === 0) {
    throw new RatelimitVariableError("REDIS_URL must be the master's name and the Sentinels, comma-separated");
  }
  if (type === "single" && others.length > 0) {
    throw new RatelimitVariableError("REDIS_URL must be one address when REDIS_TYPE is SINGLE");
  }
  const addresses = (isSentinel ? others : [first, ...others]).map(readAddress);
  const own = commonLogin(addresses);
  const isTls = er.isTrue("REDIS_TLS") || addresses.some((address) => address.isTls);
  const login = auth ?? (isSentinel ? undefined : own);
  const hosts = addresses.map(({ host }) => host).join(",");
  const database = addresses[0]?.database ?? "";
  return {
    url: `${isTls ? "rediss" : "redis"}://${loginText(login)}${hosts}${database}`,
    isTls,
    master: isSentinel ? first : undefined,
    sentinelLogin: isSentinel ? own : undefined,
  };
}

/** A path is a socket whatever is said: ER could not do anything else with it. */
function isSocket(er: RatelimitValues, text: string): boolean {
  return text.startsWith("/") || (er.isGiven("REDIS_SOCKET_TYPE") && er.text("REDIS_SOCKET_TYPE") === "unix");
}

function socketAddress(er: RatelimitValues, path: string, auth: Login | undefined): ErRedisAddress {
  if (!path.startsWith("/"))
    throw new RatelimitVariableError("REDIS_URL must be a path when REDIS_SOCKET_TYPE is unix");
  if (er.isTrue("REDIS_TLS")) throw new RatelimitVariableError("REDIS_TLS cannot be used over a Unix socket");
  if (auth !== undefined) {
    throw new RatelimitVariableError(
      "REDIS_AUTH cannot be used over a Unix socket: set WEIR_REDIS_PASSWORD_FILE instead",
    );
  }
  const url = `unix://${path.split("/").map(encodeURIComponent).join("/")}`;
  return { url, isTls: false, master: undefined, sentinelLogin: undefined };
}

function readAddress(text: string): Address {
  const [, scheme = "", login = "", host, database = "", query = ""] =
    /^(rediss?:\/\/)?(?:([^/?#]*)@)?([^/?#@\s]+)(\/\d*)?(?:\?([^#]*))?$/i.exec(text) ?? [];
  if (host === undefined || (query !== "" && scheme === "")) {
    throw new RatelimitVariableError("REDIS_URL must be host:port or redis://[user:password@]host:port[/database]");
  }
  const isTls = scheme.toLowerCase() === "rediss://";
  const asked = readQuery(query);
  const { user = asked.user, password = asked.password } = readUserInfo(login);
  return {
    host,
    login: user === "" && password === "" ? undefined : { user, password },
    database: database.length > 1 ? database : asked.database,
    isTls,
  };
}

/** ER's client takes what the rest of the URL does not say from behind its `?`. */
function readQuery(text: string): Login & { readonly database: string } {
  const query = new URLSearchParams(text);
  const unknown = [...query.keys()].some((name) => !["username", "password", "db"].includes(name));
  const database = query.get("db");
  if (unknown || (database !== null && !/^\d+$/.test(database))) {
    throw new RatelimitVariableError("REDIS_URL may only have username, password and db (a number) in its query");
  }
  const [user, password] = [query.get("username") ?? "", query.get("password") ?? ""];
  return { user, password, database: database === null ? "" : `/${database}` };
}

/** What is given of it. */
function readUserInfo(text: string): Partial<Login> {
  const colon = text.indexOf(":");
  const [user, password] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  try {
    return {
      ...(user === "" ? {} : { user: decodeURIComponent(user) }),
      ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    };
  } catch {
    throw new RatelimitVariableError("REDIS_URL has a % that is not followed by two hexadecimal digits");
  }
}

function commonLogin(addresses: readonly Address[]): Login | undefined {
  const known = new Map(addresses.map(({ login }) => [JSON.stringify(login), login]));
  if (known.size > 1)
    throw new RatelimitVariableError("REDIS_URL must have the same user and password for all its hosts");
  return addresses[0]?.login;
}

function loginText(login: Login | undefined): string {
  return login === undefined ? "" : `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@`;
}
