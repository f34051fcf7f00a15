import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { PREFACE, readFrames, SETTINGS_ACK, settings, type TestFrame, TYPE } from "./frames.js";
import { TestHpackReader } from "./hpack.js";

/** What came back on one stream. */
export interface RawAnswer {
  readonly headers: Map<string, string>;
  readonly body: Buffer;
  readonly trailers: Map<string, string>;
  /** The code of RST_STREAM, when one came. */
  readonly resetCode: number | undefined;
  readonly isEnded: boolean;
}

const WAIT_MILLIS = 10_000;

/** A client that sends what it is told, byte by byte if need be, and keeps all frames that come. */
export class RawClient {
  readonly frames: TestFrame[] = [];
  isClosed = false;
  readonly socket: Socket;
  readonly #hpack = new TestHpackReader();
  readonly #fields = new Map<TestFrame, Map<string, string>>();
  #rest = Buffer.alloc(0);
  #waiters: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      const { frames, rest } = readFrames(Buffer.concat([this.#rest, chunk]));
      for (const frame of frames) {
        if (frame.type === TYPE.HEADERS) this.#fields.set(frame, new Map(this.#hpack.read(frame.payload)));
        this.frames.push(frame);
      }
      this.#rest = Buffer.from(rest);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** Connects and sends nothing. */
  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Connects, and greets as a client should. */
  static async open(port: number, pairs: readonly (readonly [id: number, value: number])[] = []): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.send(PREFACE, settings(pairs));
    await client.until(() => client.count(TYPE.SETTINGS) >= 2);
    client.send(SETTINGS_ACK);
    return client;
  }

  send(...parts: Uint8Array[]): void {
    if (!this.isClosed) this.socket.write(Buffer.concat(parts));
  }

  /** Sends, and waits until the kernel has it or the connection is gone. */
  async sendAll(bytes: Uint8Array): Promise<void> {
    if (this.isClosed) return;
    await new Promise<void>((resolve) => {
      this.socket.once("close", resolve);
      this.socket.write(bytes, () => {
        this.socket.removeListener("close", resolve);
        resolve();
      });
    });
  }

  count(type: number): number {
    return this.frames.filter((frame) => frame.type === type).length;
  }

  /** Waits until the condition holds; it is looked at whenever something comes. @throws Error after ten seconds */
  async until(condition: () => boolean, what = String(condition)): Promise<void> {
    const deadline = Date.now() + WAIT_MILLIS;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`did not come true: ${what}; frames: ${JSON.stringify(this.frames.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 20));
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Waits for the server to close. */
  async closed(): Promise<void> {
    await this.until(() => this.isClosed, "the server closes the connection");
  }

  /** The codes of the GOAWAY frames that have come. */
  goAwayCodes(): number[] {
    return this.frames.filter((frame) => frame.type === TYPE.GOAWAY).map((frame) => frame.payload.readUInt32BE(4));
  }

  resetCode(id: number): number | undefined {
    return this.frames.find((frame) => frame.type === TYPE.RST_STREAM && frame.id === id)?.payload.readUInt32BE(0);
  }

  /** Waits until the stream has ended one way or the other. */
  async answer(id: number): Promise<RawAnswer> {
    await this.until(() => this.isEnded(id) || this.isClosed, `an end of stream ${id}`);
    return this.answerSoFar(id);
  }

  isEnded(id: number): boolean {
    const ends = (frame: TestFrame): boolean =>
      frame.type === TYPE.RST_STREAM || (frame.type <= TYPE.HEADERS && (frame.flags & 1) === 1);
    return this.frames.some((frame) => frame.id === id && ends(frame));
  }

  answerSoFar(id: number): RawAnswer {
    const own = this.frames.filter((frame) => frame.id === id);
    const blocks = own.flatMap((frame) => this.#fields.get(frame) ?? []);
    return {
      headers: blocks[0] ?? new Map(),
      body: Buffer.concat(own.filter((frame) => frame.type === TYPE.DATA).map((frame) => frame.payload)),
      trailers: blocks.at(-1) ?? new Map(),
      resetCode: this.resetCode(id),
      isEnded: this.isEnded(id),
    };
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.until(() => this.isClosed, "the socket is closed");
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}
