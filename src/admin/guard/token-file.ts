import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** Fewer could be found by trying. */
const LEAST_LENGTH = 16;

/** A file that changes is read again so soon. */
const LOOK_MILLIS = 1_000;

export interface TokenFileOptions {
  readonly path: string;
  /** Told in words without the token why a changed file cannot be used; the last token stays. */
  readonly onWarning: (message: string) => void;
}

/** The token that callers must show, kept as its file is. Only its digest is in memory. */
export class TokenFile {
  readonly #options: TokenFileOptions;
  #digest: Buffer;
  #lookedMillis = performance.now();
  #looking: Promise<void> | undefined;
  #warned = "";

  /** @throws Error in one line, without the token: the file cannot be read, or holds too little */
  constructor(options: TokenFileOptions) {
    this.#options = options;
    this.#digest = digestOf(tokenOf(readFileSync(options.path, "utf8")));
  }

  /** Whether this is the token; how long that takes tells nothing of it. */
  async accepts(token: string): Promise<boolean> {
    if (performance.now() - this.#lookedMillis >= LOOK_MILLIS) await this.#look();
    return timingSafeEqual(digestOf(token), this.#digest);
  }

  #look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined;
      this.#lookedMillis = performance.now();
    });
    return this.#looking;
  }

  async #read(): Promise<void> {
    try {
      this.#digest = digestOf(tokenOf(await readFile(this.#options.path, "utf8")));
      this.#warned = "";
    } catch (error) {
      const { message } = error as Error;
      if (message === this.#warned) return;
      this.#warned = message;
      this.#options.onWarning(`the admin token stays as it was: ${message}`);
    }
  }
}

/** A line end after it does not belong to it. */
function tokenOf(text: string): string {
  const token = text.replace(/\r?\n$/, "");
  if (!/^[\x21-\x7e]*$/.test(token)) throw new Error("the token must be one word of printable ASCII");
  if (token.length >= LEAST_LENGTH) return token;
  throw new Error(`the token has ${token.length} characters and must have at least ${LEAST_LENGTH}`);
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
