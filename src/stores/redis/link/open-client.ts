import type { ConnectionOptions } from "node:tls";
import { Redis, ReplyError } from "ioredis";
import type { Login } from "./credentials.js";
import { readServerFacts, type ServerFacts } from "./server-facts.js";

/** Where one connection goes, and how it gets in. */
export interface Endpoint {
  /** Host and port, or the path of a unix socket. */
  readonly target: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly login: Login | undefined;
  readonly tls: ConnectionOptions | undefined;
  readonly database: number;
}

export interface Timeouts {
  /** How long connecting may take, TLS included. */
  readonly connectMillis: number;
  /** A connection on which nothing came back for so long, though something should, is given up. */
  readonly silenceMillis: number;
}

/** How long closing waits for Redis to close its side. */
const DISCONNECT_TIMEOUT_MILLIS = 100;

/**
 * A client for one connection: it never makes another, so it cannot send anything twice. It says nothing by itself when
 * connected; `logIn` does.
 */
export function createClient({ target, tls }: Endpoint, timeouts: Timeouts): Redis {
  return new Redis({
    ...target,
    ...(tls === undefined ? {} : { tls }),
    // Any server, proxy or ACL takes the older protocol, and integers and strings are all we need.
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    connectTimeout: timeouts.connectMillis,
    socketTimeout: timeouts.silenceMillis,
    disconnectTimeout: DISCONNECT_TIMEOUT_MILLIS,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    retryStrategy: null,
  });
}

/** Follows why the client's connection ends, in the words of the system. */
export function watchErrors(client: Redis): () => string {
  let words = "the connection was closed";
  client.on("error", (error: Error) => {
    words = wordsOf(error);
  });
  return () => words;
}

/** Resolves when commands can be sent. Rejects when the connection cannot be made. */
export function connected(client: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once("ready", resolve);
    client.once("end", () => reject(new Error("not connected")));
  });
}

/**
 * Logs in, chooses the database, and asks what the server is.
 * @param isInspected false: not what it is
 * @returns what it may be told about the server, and what Redis had to say against the login without refusing it
 */
export async function logIn(
  client: Redis,
  { login, database }: Endpoint,
  isInspected: boolean,
): Promise<{ facts: ServerFacts | undefined; complaint: string | undefined }> {
  // All at once: it takes one round trip.
  const steps = {
    login: login === undefined ? undefined : authenticate(client, login),
    select: database === 0 ? undefined : client.call("SELECT", [database]),
    name: client.call("CLIENT", ["SETNAME", "weir"]),
    info: isInspected ? client.call("INFO", []) : undefined,
  };
  const [auth, select, , info] = await Promise.allSettled(Object.values(steps));
  const complaint = auth?.status === "rejected" ? (auth.reason as Error) : undefined;
  if (complaint !== undefined && !asksForNoPassword(complaint)) throw complaint;
  // In database 0 the keys of whoever else uses it would be counted.
  if (select?.status === "rejected") throw select.reason;
  // The user may lack the permission for INFO.
  if (info?.status === "rejected" && !isErrorReply(info.reason, /^NOPERM/)) throw info.reason;
  const text = info?.status === "fulfilled" ? info.value : undefined;
  return { facts: typeof text === "string" ? readServerFacts(text) : undefined, complaint: complaint?.message };
}

/** Logs in with this user and password from now on; what was sent before keeps its user. Rejects with Redis' words. */
export function authenticate(client: Redis, { user, password }: Login): Promise<unknown> {
  return client.call("AUTH", user === undefined ? [password] : [user, password]);
}

/** Whether this is Redis' own answer, and not the loss of the connection. ioredis does not type its ReplyError. */
export function isErrorReply(error: unknown, words = /^/): error is Error {
  return error instanceof ReplyError && words.test((error as Error).message);
}

/** What an error says; one about several addresses has no words of its own. */
export function wordsOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? (error.errors as readonly Error[]) : [];
  return first?.message ?? (error as Error).message;
}

/** Redis' answer to a password that it does not need: the connection works all the same. */
function asksForNoPassword(complaint: Error): boolean {
  return isErrorReply(complaint, /without any password configured|no password is set/);
}
