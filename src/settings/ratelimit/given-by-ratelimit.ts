/** What envoyproxy/ratelimit's names had to say; a part of the settings where there was any. */
export interface GivenByRatelimit {
  /** Of each setting that they may make, by its key: the name by which people know it. */
  readonly names: ReadonlyMap<string, string>;
  /** Those of its names that are in force. */
  readonly taken: readonly string[];
  /** What an operator should know of them, each beginning with a name. */
  readonly warnings: readonly string[];
}
