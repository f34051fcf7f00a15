import type { Redis } from "ioredis";
import { pause } from "../../../pause.js";
import { StoreFailure } from "../../store.js";
import type { LuaScript } from "../lua-script.js";
import type { Login } from "./credentials.js";
import {
  authenticate,
  connected,
  createClient,
  type Endpoint,
  isErrorReply,
  logIn,
  type Timeouts,
  watchErrors,
  wordsOf,
} from "./open-client.js";
import { retryDelayMillis } from "./retry-delay.js";
import { doubtsAbout, type ServerFacts } from "./server-facts.js";

export interface RedisNodeOptions {
  /** Where the server is, for people. */
  readonly where: string;
  /** Where the next connection goes. Asked for every connection; what it rejects with is why there is none. */
  readonly locate: () => Promise<Endpoint>;
  readonly timeouts: Timeouts;
  /** Sent to Redis ahead of their first use, whenever a connection is made. */
  readonly scripts: readonly LuaScript[];
  /** Why such a server is not used, in words that go on from where it is; undefined: it is. Absent: not asked. */
  readonly refuse?: (facts: ServerFacts) => string | undefined;
  /** Told what an operator should look at. The same words may come again with another connection. */
  readonly onWarning: (message: string) => void;
  /** Told when a connection was made or lost, and when one could not be made. */
  readonly onChange?: () => void;
}

/**
 * One connection to one server, made in the background and made again for ever when it is lost. No command is ever
 * sent twice, and none waits for a connection.
 */
export class RedisNode {
  readonly #options: RedisNodeOptions;
  /** The one that commands go to. */
  #client: Redis | undefined;
  /** The one that is being made. */
  #next: Redis | undefined;
  /** Why there is no connection, in the words of the system or of Redis. */
  #reason = "not connected yet";
  #wasTried = false;
  #isClosed = false;
  /** Aborted: the next attempt is wanted at once. */
  #hurry = new AbortController();
  #tellLost: () => void = () => {};
  readonly #ended: Promise<void>;

  constructor(options: RedisNodeOptions) {
    this.#options = options;
    this.#ended = this.#stayConnected();
  }

  get isReady(): boolean {
    return this.#client !== undefined;
  }

  /** Whether an attempt to connect has ended, well or not. */
  get wasTried(): boolean {
    return this.#wasTried;
  }

  /**
   * Runs a script once: by its name, and by its source when Redis does not know it, since then nothing has been run.
   * @param isAsking the slot is on its way to this node, which serves it only when asked to
   * @throws StoreFailure as RedisLink.run
   */
  async run(
    script: LuaScript,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
    isAsking = false,
  ): Promise<unknown> {
    const client = this.#client;
    if (client === undefined) throw this.unavailable();
    const rest = [keys.length, ...keys, ...args];
    try {
      try {
        return await send(client, isAsking, "EVALSHA", [script.sha, ...rest]);
      } catch (error) {
        if (!isErrorReply(error, /^NOSCRIPT/)) throw error;
        return await send(client, isAsking, "EVAL", [script.source, ...rest]);
      }
    } catch (error) {
      throw this.#failureOf(error, client);
    }
  }

  /** Sends another command. @throws StoreFailure as `run` */
  async command(name: string, args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (client === undefined) throw this.unavailable();
    try {
      return await client.call(name, [...args]);
    } catch (error) {
      throw this.#failureOf(error, client);
    }
  }

  /** Logs in anew on the connection that there is. Commands on their way are not held up. */
  async logIn(login: Login): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    try {
      await authenticate(client, login);
    } catch (error) {
      if (isErrorReply(error)) this.#warn(`does not take the new password: ${error.message}`);
    }
  }

  /** Gives the connection up, or the attempt to make one, for another one that is made at once. */
  reconnect(reason: string): void {
    this.#hurry.abort();
    this.#next?.disconnect();
    if (this.#client !== undefined) this.#lose(this.#client, reason);
  }

  unavailable(): StoreFailure {
    return new StoreFailure("unavailable", `no connection to Redis at ${this.#options.where}: ${this.#reason}`);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.reconnect("it was closed");
    await this.#ended;
  }

  async #stayConnected(): Promise<void> {
    let failures = 0;
    while (!this.#isClosed) {
      this.#hurry = new AbortController();
      const lost = new Promise<void>((resolve) => {
        this.#tellLost = resolve;
      });
      const isConnected = await this.#connect();
      this.#wasTried = true;
      this.#options.onChange?.();
      failures = isConnected ? 0 : failures + 1;
      if (isConnected) {
        await lost;
        this.#options.onChange?.();
      }
      await pause(retryDelayMillis(failures + 1), this.#hurry.signal);
    }
  }

  /** @returns whether there is a connection now; if not, the reason is known */
  async #connect(): Promise<boolean> {
    const { locate, timeouts, refuse } = this.#options;
    let lastWords: (() => string) | undefined;
    try {
      const endpoint = await locate();
      if (this.#isClosed) return false;
      const client = createClient(endpoint, timeouts);
      this.#next = client;
      lastWords = watchErrors(client);
      await connected(client);
      const { facts, complaint } = await logIn(client, endpoint, refuse !== undefined);
      if (complaint !== undefined) this.#warn(`needs no password, but one is set: ${complaint}`);
      const refusal = facts === undefined ? undefined : refuse?.(facts);
      if (refusal !== undefined) throw new Refusal(refusal);
      if (facts !== undefined) for (const doubt of doubtsAbout(facts)) this.#warn(doubt);
      this.#use(client, lastWords);
      return true;
    } catch (error) {
      const saidMore = lastWords === undefined || error instanceof Refusal || isErrorReply(error);
      this.#reason = saidMore ? wordsOf(error) : (lastWords?.() ?? "");
      this.#next?.disconnect();
      return false;
    } finally {
      this.#next = undefined;
    }
  }

  #use(client: Redis, lastWords: () => string): void {
    // Lost since its last reply.
    if (client.status !== "ready") throw new Error("not connected");
    this.#client = client;
    this.#reason = "the connection was closed";
    client.once("end", () => this.#lose(client, lastWords()));
    // Where this fails, the first use of the script sends its source.
    for (const { source } of this.#options.scripts) client.call("SCRIPT", ["LOAD", source]).catch(() => undefined);
  }

  #lose(client: Redis, reason: string): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#reason = reason;
    client.disconnect();
    this.#tellLost();
  }

  // The cause is left out on purpose: ioredis puts the command with all its arguments into it.
  #failureOf(error: unknown, client: Redis): StoreFailure {
    if (!isErrorReply(error)) {
      // The last words come with the end of the connection, which follows.
      return this.unavailable();
    }
    if (NEEDS_ANOTHER.test(error.message)) this.#lose(client, error.message);
    return new StoreFailure("error", error.message);
  }

  #warn(words: string): void {
    this.#options.onWarning(`Redis at ${this.#options.where} ${words}`);
  }
}

/** The server cannot be used, says what it said of itself. */
class Refusal extends Error {
  override readonly name = "Refusal";
}

/** Answers that another connection may not give: after a failover this server is a replica, or the user is gone. */
const NEEDS_ANOTHER = /(^|-)READONLY |^NOAUTH /;

function send(client: Redis, isAsking: boolean, name: string, args: (string | number | Buffer)[]): Promise<unknown> {
  // It holds for the next command only, and nothing comes between the two. What it fails with, that one does too.
  if (isAsking) client.call("ASKING", []).catch(() => undefined);
  return client.call(name, args);
}
