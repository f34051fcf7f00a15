import { DEFAULT_PENDING_LAPSE_MICROS } from "../../limits/pending-charges.js";
import { type Charge, type Store, StoreFailure, type Verdict } from "../store.js";
import { decideCommand, encodeKeyPrefix } from "./decide-command.js";
import { readVerdict } from "./decide-reply.js";
import { loadScript } from "./lua-script.js";
import { parseRedisUrl } from "./link/redis-address.js";
import { RedisConnection } from "./link/redis-connection.js";

export interface RedisStoreOptions {
  /** `redis://`, `rediss://` or `unix:///path`. */
  readonly url: string;
  /** What all keys start with. Stores with the same prefix share their buckets. Default `weir:`. */
  readonly keyPrefix?: string;
  /** How long a pending charge is kept (D5). */
  readonly pendingLapseMicros?: number;
  /** How long connecting may take, TLS included. Default 5 s. */
  readonly connectTimeoutMillis?: number;
  /** After so long without any reply to what was sent the connection is made anew. Default 1 s. */
  readonly silenceTimeoutMillis?: number;
}

/** Each uses what those before it define. */
const SCRIPT_FILES = ["exact", "pending-charges", "token-bucket", "fixed-window", "sliding-window", "decide"];

/** The longest key that an error message shows whole. */
const MAX_KEY_SHOWN = 200;

/**
 * Buckets in one Redis server, shared by all replicas. One script call decides over a request, on Redis' clock. The
 * connection is made in the background: a store without Redis fails each decision at once, and works when Redis is there.
 */
export class RedisStore implements Store {
  readonly kind = "redis";
  readonly #connection: RedisConnection;
  readonly #script = loadScript(...SCRIPT_FILES);
  readonly #keyPrefix: string;
  readonly #lapseMicros: number;

  /** @throws TypeError for a URL that is none; its message does not repeat the URL */
  constructor(options: RedisStoreOptions) {
    this.#keyPrefix = encodeKeyPrefix(options.keyPrefix ?? "weir:");
    this.#lapseMicros = options.pendingLapseMicros ?? DEFAULT_PENDING_LAPSE_MICROS;
    this.#connection = new RedisConnection({
      address: parseRedisUrl(options.url),
      connectTimeoutMillis: options.connectTimeoutMillis ?? 5_000,
      silenceTimeoutMillis: options.silenceTimeoutMillis ?? 1_000,
      scripts: [this.#script],
    });
  }

  async decide(charges: readonly Charge[], budgetMillis: number): Promise<Verdict> {
    const { keys, args } = decideCommand(charges, this.#keyPrefix, this.#lapseMicros);
    let reply: unknown;
    try {
      reply = await this.#connection.run(this.#script, keys, args, budgetMillis);
    } catch (error) {
      throw error instanceof StoreFailure ? nameBucket(error, keys) : error;
    }
    const verdict = readVerdict(reply, charges.length);
    if (verdict === undefined) throw new StoreFailure("error", "Redis' reply is not one of Weir's script");
    return verdict;
  }

  isReady(): boolean {
    return this.#connection.isReady();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** The script says which bucket it could not use by its number; the operator needs the key. */
function nameBucket(failure: StoreFailure, keys: readonly string[]): StoreFailure {
  const [tail, number] = /\(bucket (\d+)\)$/.exec(failure.message) ?? [];
  const key = keys[Number(number) - 1];
  if (failure.kind !== "error" || tail === undefined || key === undefined) return failure;
  const shown = key.length > MAX_KEY_SHOWN ? `${key.slice(0, MAX_KEY_SHOWN)}...` : key;
  return new StoreFailure("error", `${failure.message.slice(0, -tail.length)}(key ${JSON.stringify(shown)})`);
}
