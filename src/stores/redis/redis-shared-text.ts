import type { SharedText, SharedTextState } from "../shared-text.js";
import { encodeKeyPrefix } from "./batch-command.js";
import type { RedisLink } from "./link/redis-link.js";
import { SHARED_TEXT_SCRIPT } from "./lua-script.js";
import { notOurReply } from "./not-our-reply.js";

type Replaced = SharedTextState & { readonly replaced: boolean };

/** A text under one key, beside the buckets: their keys go on with a digit or a brace after the prefix, this one does not. */
export class RedisSharedText implements SharedText {
  readonly reach = "replicas";
  readonly #link: RedisLink;
  readonly #key: string;

  /** @param name a word in lower case */
  constructor(link: RedisLink, keyPrefix: string, name: string) {
    this.#link = link;
    this.#key = `${encodeKeyPrefix(keyPrefix)}${name}`;
  }

  read(known: string): Promise<SharedTextState> {
    return this.#run(known, ["read"]);
  }

  replace(known: string, text: string, endsAtMillis: number): Promise<Replaced> {
    return this.#run(known, ["replace", text, Math.ceil(endsAtMillis)]);
  }

  async #run(known: string, more: readonly (string | number)[]): Promise<Replaced> {
    const state = readReply(await this.#link.run(SHARED_TEXT_SCRIPT, [this.#key], [known, ...more]));
    if (state === undefined) throw notOurReply();
    return state;
  }
}

function readReply(reply: unknown): Replaced | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [nowMicros, version, text, replaced] = reply as readonly unknown[];
  if (!Number.isSafeInteger(nowMicros) || typeof version !== "string" || !/^\d+$/.test(version)) return undefined;
  if (text !== null && typeof text !== "string") return undefined;
  const state = { version, nowMillis: (nowMicros as number) / 1_000, replaced: replaced === 1 };
  return text === null ? state : { ...state, text };
}
