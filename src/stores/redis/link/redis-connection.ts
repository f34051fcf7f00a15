import { Redis, ReplyError } from "ioredis";
import { StoreFailure } from "../../store.js";
import type { LuaScript } from "../lua-script.js";
import { describeAddress, type RedisAddress } from "./redis-address.js";

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  /** How long connecting may take, TLS included. */
  readonly connectTimeoutMillis: number;
  /** A connection on which nothing came back for so long, though something should, is given up for a new one. */
  readonly silenceTimeoutMillis: number;
  /** Sent to Redis ahead of its first use, whenever a connection is made. */
  readonly scripts: readonly LuaScript[];
}

/** How many commands may wait for their replies, so that memory stays flat while Redis is slow. */
const MAX_UNANSWERED = 10_000;

const FIRST_RETRY_MILLIS = 50;
const LONGEST_RETRY_MILLIS = 1_000;

/** How long closing waits for Redis to close its side. */
const DISCONNECT_TIMEOUT_MILLIS = 100;

/** The longest delay that timers of Node take. */
const MAX_TIMER_MILLIS = 2 ** 31 - 1;

/**
 * The time before the `attempt`th (from 1) attempt to connect again: twice as long each time, up to a second, and
 * between a half and the whole of that, so that replicas do not come all at once.
 */
export function retryDelayMillis(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS * 2 ** (attempt - 1));
  return Math.round(longest * (0.5 + random() / 2));
}

/**
 * One connection to one server, made in the background and made again for ever when it is lost. No command is ever
 * sent twice, and none waits for a connection: a charge is taken once, or the caller knows at once that it was not.
 */
export class RedisConnection {
  readonly #redis: Redis;
  readonly #where: string;
  /** Why there is no connection, in the words of the system or of Redis. */
  #lastError = "not connected yet";
  /** This connection is being closed by us: what else it says is of no interest. */
  #isGivenUp = false;
  #unanswered = 0;

  constructor(options: RedisConnectionOptions) {
    this.#where = describeAddress(options.address);
    this.#redis = new Redis({
      ...options.address,
      // Any server, proxy or ACL takes the older protocol, and integers and strings are all we need.
      protocol: 2,
      disableClientInfo: true,
      connectionName: "weir",
      connectTimeout: options.connectTimeoutMillis,
      socketTimeout: options.silenceTimeoutMillis,
      disconnectTimeout: DISCONNECT_TIMEOUT_MILLIS,
      // Sent again, a charge would be taken twice; queued, it would be taken after its caller has gone.
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => retryDelayMillis(attempt),
      // After a failover this server is a replica: the address may lead to the new one.
      reconnectOnError: (error) => error.message.startsWith("READONLY"),
    });
    this.#redis.on("connect", () => {
      this.#isGivenUp = false;
    });
    this.#redis.on("error", (error: Error) => {
      if (this.#isGivenUp) return;
      this.#lastError = wordsOf(error);
      // ioredis would go on in database 0, and count there with whoever else uses it.
      this.#isGivenUp = isFailedSelect(error);
      if (this.#isGivenUp) this.#redis.disconnect(true);
    });
    this.#redis.on("close", () => {
      // An error said more, if there was one.
      this.#lastError ||= "the connection was closed";
    });
    this.#redis.on("ready", () => {
      this.#lastError = "";
      // Where this fails, the first use of the script sends its source.
      for (const { source } of options.scripts) this.#redis.script("LOAD", source).catch(() => undefined);
    });
  }

  isReady(): boolean {
    return this.#redis.status === "ready";
  }

  /**
   * Runs a script once.
   * @returns what Redis replied, not checked
   * @throws StoreFailure: `unavailable` at once without a connection, `timeout` after `budgetMillis`, `error` with
   * Redis' own words
   */
  run(
    script: LuaScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    budgetMillis: number,
  ): Promise<unknown> {
    if (!this.isReady()) return Promise.reject(this.#unavailable());
    if (!(budgetMillis > 0)) return Promise.reject(new StoreFailure("timeout", "no time was left to ask Redis"));
    if (this.#unanswered >= MAX_UNANSWERED) {
      const words = `Redis at ${this.#where} has not answered ${MAX_UNANSWERED} commands yet`;
      return Promise.reject(new StoreFailure("unavailable", words));
    }
    return new Promise((resolve, reject) => {
      let isLate = false;
      const onDeadline = (): void => {
        isLate = true;
        reject(new StoreFailure("timeout", `Redis at ${this.#where} did not answer within ${budgetMillis} ms`));
      };
      const deadline = setTimeout(onDeadline, Math.min(budgetMillis, MAX_TIMER_MILLIS));
      this.#evaluate(script, [keys.length, ...keys, ...args], () => isLate)
        .then(resolve, (error) => reject(this.#failureOf(error)))
        .finally(() => clearTimeout(deadline));
    });
  }

  /** Gives the connection up. Commands that wait for a reply fail. */
  async close(): Promise<void> {
    const { status } = this.#redis;
    const isOpen = status === "connecting" || status === "connect" || status === "ready";
    const ended = new Promise<void>((resolve) => {
      if (isOpen) this.#redis.once("end", resolve);
      else resolve();
    });
    this.#redis.disconnect();
    await ended;
  }

  /** By its name, and by its source when Redis does not know it: then nothing has been run yet. */
  async #evaluate(script: LuaScript, args: readonly (string | number)[], isLate: () => boolean): Promise<unknown> {
    try {
      return await this.#send("EVALSHA", [script.sha, ...args]);
    } catch (error) {
      const isUnknown = isErrorReply(error) && error.message.startsWith("NOSCRIPT");
      if (!isUnknown || isLate()) throw error;
      return await this.#send("EVAL", [script.source, ...args]);
    }
  }

  async #send(command: string, args: (string | number)[]): Promise<unknown> {
    this.#unanswered += 1;
    try {
      return await this.#redis.call(command, args);
    } finally {
      this.#unanswered -= 1;
    }
  }

  // The cause is left out on purpose: ioredis puts the command with all its arguments into it.
  #failureOf(error: unknown): StoreFailure {
    if (isErrorReply(error)) return new StoreFailure("error", error.message);
    return this.#unavailable();
  }

  #unavailable(): StoreFailure {
    const reason = this.#lastError === "" ? "" : `: ${this.#lastError}`;
    return new StoreFailure("unavailable", `no connection to Redis at ${this.#where}${reason}`);
  }
}

/** ioredis does not type its ReplyError. */
function isErrorReply(error: unknown): error is Error {
  return error instanceof ReplyError;
}

/** Whether this is Redis' answer to the choice of a database. */
function isFailedSelect(error: Error & { command?: { name?: string } }): boolean {
  return isErrorReply(error) && error.command?.name === "select";
}

/** What an error says; one about several addresses has no words of its own. */
function wordsOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as readonly Error[]) : [];
  return first?.message ?? error.message;
}
