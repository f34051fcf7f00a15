import { ConnectionError } from "./connection-error.js";
import { ERROR_CODE } from "./error-code.js";
import type { FloodGuard } from "./flood-guard.js";
import { FLAG, MAX_WINDOW_BYTES, readUint31 } from "./frame.js";
import type { HeaderReader } from "./header-reader.js";
import type { Output } from "./output.js";
import { readPeerSettings } from "./peer-settings.js";
import type { Streams } from "./streams.js";
import { writePing, writeSettingsAck } from "./write-frames.js";

/** What frames tell the connection about itself. */
export interface ConnectionSignals {
  settingsAcknowledged(): void;
  pingAcknowledged(payload: Buffer): void;
  /** The peer will open no more streams. */
  peerLeaves(): void;
}

/** Does what frames about the connection, and about windows, say. Every method throws ConnectionError on a wrong frame. */
export class ConnectionFrames {
  readonly #output: Output;
  readonly #streams: Streams;
  readonly #guard: FloodGuard;
  readonly #headers: HeaderReader;
  readonly #signals: ConnectionSignals;

  constructor(output: Output, streams: Streams, guard: FloodGuard, headers: HeaderReader, signals: ConnectionSignals) {
    this.#output = output;
    this.#streams = streams;
    this.#guard = guard;
    this.#headers = headers;
    this.#signals = signals;
  }

  onSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "SETTINGS on a stream");
    if (flags & FLAG.ACK ? end > start : (end - start) % 6 !== 0) {
      throw new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, "SETTINGS of a wrong length");
    }
    this.#guard.overhead(this.#streams.nowMillis, 1 + (end - start) / 60);
    if (flags & FLAG.ACK) {
      this.#headers.settingsAcknowledged();
      this.#signals.settingsAcknowledged();
      return;
    }
    const { initialWindowBytes, headerTableBytes } = readPeerSettings(bytes, start, end);
    if (headerTableBytes !== undefined) this.#streams.sender.tableLimitChanged();
    if (initialWindowBytes !== undefined) this.#setInitialWindow(initialWindowBytes);
    writeSettingsAck(this.#output);
  }

  /** RFC 9113 section 6.9.2: windows of open streams change by the difference, and may fall below zero. */
  #setInitialWindow(bytes: number): void {
    const { sender, table } = this.#streams;
    const change = bytes - sender.initialWindow;
    sender.initialWindow = bytes;
    if (change === 0) return;
    this.#guard.overhead(this.#streams.nowMillis, table.size / 16);
    for (const stream of table.all()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW_BYTES) {
        throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, "a stream's window too large");
      }
    }
  }

  onPing(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "PING on a stream");
    if (end - start !== 8) throw new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, "PING of a wrong length");
    this.#guard.overhead(this.#streams.nowMillis);
    const payload = bytes.subarray(start, end);
    if (flags & FLAG.ACK) this.#signals.pingAcknowledged(payload);
    else writePing(this.#output, payload, true);
  }

  onGoAway(id: number, start: number, end: number): void {
    if (id !== 0) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "GOAWAY on a stream");
    if (end - start < 8) throw new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, "GOAWAY too short");
    this.#guard.overhead(this.#streams.nowMillis);
    this.#signals.peerLeaves();
  }

  onWindowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, "WINDOW_UPDATE of a wrong length");
    const increment = readUint31(bytes, start);
    this.#guard.overhead(this.#streams.nowMillis);
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "WINDOW_UPDATE of nothing");
      if (this.#streams.sender.growWindow(increment)) return;
      throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, "the connection's window too large");
    }
    const stream = this.#streams.table.get(id);
    if (stream === undefined) {
      this.#streams.mustHaveBeen(id);
      return;
    }
    if (increment === 0) {
      this.#streams.streamError(id, ERROR_CODE.PROTOCOL_ERROR);
      return;
    }
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW_BYTES) this.#streams.streamError(id, ERROR_CODE.FLOW_CONTROL_ERROR);
  }
}
