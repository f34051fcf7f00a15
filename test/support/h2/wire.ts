import { Duplex } from "node:stream";
import { readFrames, type TestFrame } from "./frames.js";

/** The far end of a connection without a socket: what is fed arrives at once, what is sent is kept. */
export class Wire extends Duplex {
  readonly sent: Buffer[] = [];
  /** While set, what is sent is taken by nobody. */
  isStuck = false;
  isEndedByServer = false;
  #stuck: (() => void)[] = [];

  constructor() {
    super({ writableHighWaterMark: 1e9, readableHighWaterMark: 1e9 });
  }

  feed(...parts: Uint8Array[]): void {
    this.push(Buffer.concat(parts));
  }

  /** Lets what is stuck go on. */
  unstick(): void {
    this.isStuck = false;
    for (const callback of this.#stuck.splice(0)) callback();
  }

  frames(): TestFrame[] {
    return readFrames(Buffer.concat(this.sent)).frames;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.sent.push(Buffer.from(chunk));
    if (this.isStuck) this.#stuck.push(callback);
    else callback();
  }

  override _final(callback: () => void): void {
    this.isEndedByServer = true;
    callback();
  }
}

/** Lets all that is due at once happen. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
