import type { Duplex } from "node:stream";
import { ConnectionError } from "./connection-error.js";
import type { ConnectionSignals } from "./connection-frames.js";
import { ConnectionWatch, type Watched } from "./connection-watch.js";
import type { H2Context } from "./context.js";
import { ERROR_CODE, ERROR_CODE_NAMES, type ErrorCodeName } from "./error-code.js";
import { FloodGuard } from "./flood-guard.js";
import { DEFAULT_WINDOW_BYTES, MAX_STREAM_ID } from "./frame.js";
import { FrameHandler } from "./frame-handler.js";
import { FrameReader } from "./frame-reader.js";
import { HpackError } from "./hpack/hpack-error.js";
import { Output } from "./output.js";
import { PrefaceReader } from "./preface-reader.js";
import { ownSettings } from "./settings.js";
import { Streams } from "./streams.js";
import { writeGoAway, writePing, writeSettings, writeWindowUpdate } from "./write-frames.js";

const KEEPALIVE_PING = Buffer.from("keepaliv", "latin1");
const DRAIN_PING = Buffer.from("draining", "latin1");

/** A connection on its way out. */
interface Drain {
  deadlineMillis: number;
  /** When the last GOAWAY goes out though the PING that asks for it was not answered. */
  readonly lastCallMillis: number;
  /** Whether the last GOAWAY, after which no stream is taken, has gone out. */
  isLast: boolean;
}

/** The server's side of one HTTP/2 connection (RFC 9113) over any duplex stream. */
export class Connection implements ConnectionSignals {
  readonly #duplex: Duplex;
  readonly #context: H2Context;
  readonly #onClosed: (connection: Connection) => void;
  readonly #output: Output;
  readonly #streams: Streams;
  readonly #handler: FrameHandler;
  readonly #reader: FrameReader;
  readonly #watch: ConnectionWatch;
  readonly #preface = new PrefaceReader();
  readonly #openedAtMillis: number;
  #heardAtMillis: number;
  #settingsSentAtMillis: number | undefined;
  #takenPieces = 0;
  #isPaused = false;
  #drain: Drain | undefined;
  /** When we ended the connection; input is thrown away from then on. */
  #endedAtMillis: number | undefined;

  /**
   * @param duplex connected; it is the connection's own from now on
   * @param peer the peer's address, as streams give it
   * @param onClosed called once, when the duplex is closed
   */
  constructor(duplex: Duplex, peer: string, context: H2Context, onClosed: (connection: Connection) => void) {
    const now = context.clock();
    this.#duplex = duplex;
    this.#context = context;
    this.#onClosed = onClosed;
    this.#openedAtMillis = now;
    this.#heardAtMillis = now;
    this.#output = new Output(duplex, () => this.#onTaken());
    const guard = new FloodGuard(context.limits, context.counters, now);
    this.#streams = new Streams(context, this.#output, guard, peer, () => this.#endIfDone());
    this.#handler = new FrameHandler(context, this.#output, this.#streams, guard, this);
    this.#reader = new FrameReader(this.#handler, context.limits.maxFrameBytes);
    this.#watch = new ConnectionWatch(context.limits, now, context.random());
    context.counters.connectionsOpened += 1;
    context.counters.connectionsOpen += 1;
    duplex.on("data", (chunk: Buffer) => this.#onData(chunk));
    duplex.on("end", () => this.#end());
    duplex.on("error", () => duplex.destroy());
    duplex.once("close", () => this.#onClose());
  }

  /**
   * Takes no new streams and ends when those that are open have: GOAWAY, a round trip for requests on their way, GOAWAY
   * again (RFC 9113 section 6.8).
   *
   * @param graceMillis after this time the connection is cut
   */
  drain(graceMillis: number): void {
    if (this.#endedAtMillis !== undefined) return;
    const now = this.#context.clock();
    const deadlineMillis = now + graceMillis;
    if (this.#drain !== undefined) {
      this.#drain.deadlineMillis = Math.min(this.#drain.deadlineMillis, deadlineMillis);
      return;
    }
    const lastCallMillis = now + Math.min(graceMillis, this.#context.limits.drainRoundTripMillis);
    this.#drain = { deadlineMillis, lastCallMillis, isLast: false };
    if (!this.#handler.isGreeted) {
      this.#end();
      return;
    }
    writeGoAway(this.#output, MAX_STREAM_ID, ERROR_CODE.NO_ERROR, "");
    writePing(this.#output, DRAIN_PING, false);
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#duplex.destroy();
  }

  /** Looks after all that takes time. To be called now and then; how often decides how exact limits of time are. */
  sweep(): void {
    const now = this.#context.clock();
    this.#streams.nowMillis = now;
    if (this.#endedAtMillis !== undefined) {
      if (now - this.#endedAtMillis >= this.#context.limits.lingerMillis) this.destroy();
      return;
    }
    this.#followWatch(now);
    this.#streams.giveUpLateRequests();
    if (this.#drain !== undefined) this.#followDrain(this.#drain, now);
  }

  settingsAcknowledged(): void {
    this.#settingsSentAtMillis = undefined;
    this.#streams.receiveWindow = this.#context.limits.streamWindowBytes;
  }

  pingAcknowledged(payload: Buffer): void {
    if (this.#drain !== undefined && payload.equals(DRAIN_PING)) this.#lastCall(this.#drain);
  }

  peerLeaves(): void {
    this.#drain ??= { deadlineMillis: Number.POSITIVE_INFINITY, lastCallMillis: 0, isLast: true };
    this.#drain.isLast = true;
    this.#endIfDone();
  }

  #onData(chunk: Buffer): void {
    if (this.#endedAtMillis !== undefined) return;
    const now = this.#context.clock();
    this.#heardAtMillis = now;
    this.#streams.nowMillis = now;
    this.#output.hold();
    try {
      const from = this.#preface.isComplete ? 0 : this.#readPreface(chunk);
      this.#reader.read(chunk, from);
      this.#handler.afterRead();
    } catch (error) {
      this.#fail(error);
    }
    this.#output.release();
    if (this.#output.unsentBytes >= this.#context.limits.maxUnsentBytes) this.#pause();
  }

  /** @returns where the frames begin */
  #readPreface(chunk: Buffer): number {
    const from = this.#preface.read(chunk);
    if (from < 0) {
      // Nothing is sent: what speaks another protocol would take a GOAWAY for something else.
      this.#context.counters.badPrefaces += 1;
      this.#end();
      return chunk.length;
    }
    if (this.#preface.isComplete) this.#greet();
    return from;
  }

  #greet(): void {
    const { limits } = this.#context;
    writeSettings(this.#output, ownSettings(limits));
    const more = limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (more > 0) writeWindowUpdate(this.#output, 0, more);
    this.#settingsSentAtMillis = this.#heardAtMillis;
  }

  #fail(error: unknown): void {
    if (error instanceof ConnectionError) {
      this.#endWith(error.code, error.message);
    } else if (error instanceof HpackError) {
      this.#endWith(ERROR_CODE.COMPRESSION_ERROR, error.message);
    } else {
      this.#context.onFault(error);
      this.#endWith(ERROR_CODE.INTERNAL_ERROR, "");
    }
  }

  #endWith(code: number, reason: string): void {
    this.#context.counters.connectionErrors[ERROR_CODE_NAMES[code] as ErrorCodeName] += 1;
    writeGoAway(this.#output, this.#streams.table.lastId, code, reason);
    this.#end();
  }

  /** Sends what there is, and closes our side. The rest of the input is thrown away until the peer closes its own. */
  #end(): void {
    if (this.#endedAtMillis !== undefined) return;
    this.#endedAtMillis = this.#context.clock();
    this.#streams.isClosing = true;
    this.#streams.closeAll();
    this.#output.release();
    this.#output.finish();
    this.#duplex.end();
    this.#duplex.resume();
  }

  #endIfDone(): void {
    if (this.#drain?.isLast && this.#streams.table.size === 0) this.#end();
  }

  #onClose(): void {
    this.#endedAtMillis ??= this.#context.clock();
    this.#streams.closeAll();
    this.#context.counters.connectionsOpen -= 1;
    this.#onClosed(this);
  }

  #pause(): void {
    if (this.#isPaused || this.#endedAtMillis !== undefined) return;
    this.#isPaused = true;
    this.#context.counters.readPauses += 1;
    this.#duplex.pause();
  }

  #onTaken(): void {
    this.#takenPieces += 1;
    if (this.#endedAtMillis !== undefined) return;
    this.#streams.sender.pump();
    if (!this.#isPaused || this.#output.unsentBytes > this.#context.limits.maxUnsentBytes / 2) return;
    this.#isPaused = false;
    this.#duplex.resume();
  }

  #followWatch(now: number): void {
    const { counters } = this.#context;
    switch (this.#watch.look(this.#watched(), now)) {
      case "preface-timeout":
        counters.timeouts.preface += 1;
        this.destroy();
        return;
      case "settings-timeout":
        counters.timeouts.settings += 1;
        this.#endWith(ERROR_CODE.SETTINGS_TIMEOUT, "settings not acknowledged");
        return;
      case "frame-timeout":
        counters.timeouts.frame += 1;
        this.#endWith(ERROR_CODE.ENHANCE_YOUR_CALM, "a frame that takes too long");
        return;
      case "slow-reader":
        counters.timeouts.slowReader += 1;
        this.destroy();
        return;
      case "keepalive-ping":
        writePing(this.#output, KEEPALIVE_PING, false);
        return;
      case "keepalive-timeout":
        counters.timeouts.keepalive += 1;
        this.destroy();
        return;
      case "untaken-answers":
        for (const stream of [...this.#streams.sender.untaken()]) stream.reset(ERROR_CODE.CANCEL);
        return;
      case "drain":
        this.drain(this.#context.limits.maxAgeGraceMillis);
        return;
      case "nothing":
        return;
    }
  }

  #watched(): Watched {
    return {
      openedAtMillis: this.#openedAtMillis,
      heardAtMillis: this.#heardAtMillis,
      isGreeted: this.#handler.isGreeted,
      // Blocks count downwards, so that no block has the number of a frame.
      unfinished: -this.#handler.openBlockId || this.#reader.unfinished,
      settingsSentAtMillis: this.#settingsSentAtMillis,
      isPaused: this.#isPaused,
      unsentBytes: this.#output.unsentBytes,
      takenPieces: this.#takenPieces,
      hasUntakenAnswers: this.#streams.sender.hasUntaken(),
      sentFromQueue: this.#streams.sender.progress,
      openStreams: this.#streams.table.size,
      idleSinceMillis: this.#streams.idleSinceMillis,
    };
  }

  #followDrain(drain: Drain, now: number): void {
    if (now >= drain.deadlineMillis) {
      this.#context.counters.timeouts.drain += 1;
      this.destroy();
    } else if (!drain.isLast && now >= drain.lastCallMillis) {
      this.#lastCall(drain);
    }
  }

  #lastCall(drain: Drain): void {
    if (drain.isLast) return;
    drain.isLast = true;
    this.#streams.isClosing = true;
    writeGoAway(this.#output, this.#streams.table.lastId, ERROR_CODE.NO_ERROR, "");
    this.#endIfDone();
  }
}
