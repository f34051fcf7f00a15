const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Takes the preface of HTTP/2 (RFC 9113 section 3.4) off the beginning of a connection. */
export class PrefaceReader {
  #seenBytes = 0;

  get isComplete(): boolean {
    return this.#seenBytes === PREFACE.length;
  }

  /** @returns where in the chunk the frames begin; -1 where what has come is not the preface */
  read(chunk: Buffer): number {
    let at = 0;
    for (; at < chunk.length && !this.isComplete; at++) {
      if (chunk[at] !== PREFACE[this.#seenBytes]) return -1;
      this.#seenBytes += 1;
    }
    return at;
  }
}
