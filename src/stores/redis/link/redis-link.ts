import type { LuaScript } from "../lua-script.js";

/**
 * The way to Redis: one server, the master that Sentinels name, or a Cluster. It is made in the background and made
 * again for ever when it is lost. No command that may have been run is ever sent twice, and none waits for a connection:
 * what is to be charged is charged once, or the caller learns at once that it was not.
 */
export interface RedisLink {
  /** Where that is, for people: never a user or a password. */
  readonly where: string;

  /** Whether commands can be sent now. */
  isReady(): boolean;

  /** Why they cannot, in words that name the place and have no secret in them. */
  whyNotReady(): string;

  /**
   * Runs a script once. There is no deadline here: who calls has one, and a bound on calls in flight.
   * @param keys at least one; in a Cluster all of one slot
   * @returns what Redis replied, not checked
   * @throws StoreFailure: `unavailable` without a connection, at once or when it is lost before the reply; `error` with
   * Redis' own words, such as `TRYAGAIN ...`
   */
  run(script: LuaScript, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown>;

  /** Gives the connections up. Scripts that wait for a reply fail. */
  close(): Promise<void>;
}
