import { connect } from "node:net";
import {
  ACK,
  DATA,
  ENABLE_PUSH,
  END_HEADERS,
  END_STREAM,
  FRAME_HEADER,
  frame,
  GOAWAY,
  GRPC_PREFIX,
  HEADER_TABLE_SIZE,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  PADDED,
  PING,
  RST_STREAM,
  SETTINGS,
  settingsFrame,
  WINDOW_UPDATE,
  windowUpdate,
} from "./frames.mjs";
import { grpcStatus, requestHeaders } from "./hpack.mjs";
import { overallCode } from "./rate-limit-message.mjs";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PATH = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
const MAX_WINDOW = 2 ** 31 - 1;
const START_WINDOW = 65_535;
const SILENCE_MS = 5_000;

/**
 * An answer: `overall_code` when `status`, gRPC's, is 0; -1 for a stream that was reset.
 * @typedef {{ askedAt: number, status: number, code: number }} Answer
 */

/**
 * One HTTP/2 connection that makes ShouldRateLimit calls, so many at a time, out of frames encoded beforehand. Speaks
 * just enough of HTTP/2 to do so, and fails loudly when a server answers in a way that it does not know.
 */
export class LoadConnection {
  #socket;
  #streams;
  #onAnswer;
  /** @type {(error: Error) => void} */
  #onFailure;
  /** @type {Buffer} */
  #unread = Buffer.alloc(0);
  /** @type {{ first: Buffer, later: Buffer, always: Buffer } | undefined} */
  #headers;
  /** @type {Buffer | undefined} */
  #nextHeaders;
  /** @type {Buffer | undefined} */
  #laterHeaders;
  #nextStream = 1;
  /** @type {Map<number, Answer>} */
  #open = new Map();
  /** @type {{ data: Buffer, askedAt: number }[]} */
  #waiting = [];
  /** @type {Buffer[]} */
  #unsent = [];
  #sendWindow = START_WINDOW;
  #unacknowledged = 0;

  /**
   * @param {import("node:net").Socket} socket
   * @param {number} streams calls at a time
   * @param {(answer: Answer, connection: LoadConnection) => void} onAnswer may ask again
   * @param {(error: Error) => void} onFailure the connection is of no more use
   */
  constructor(socket, streams, onAnswer, onFailure) {
    this.#socket = socket;
    this.#streams = streams;
    this.#onAnswer = onAnswer;
    this.#onFailure = onFailure;
  }

  /**
   * Connects and waits for the server's settings.
   * @param {{ host: string, port: number }} address
   * @param {number} streams calls at a time
   * @param {(answer: Answer, connection: LoadConnection) => void} onAnswer
   * @returns {Promise<LoadConnection>}
   */
  static open(address, streams, onAnswer) {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, noDelay: true });
      const connection = new LoadConnection(socket, streams, onAnswer, reject);
      connection.#headers = requestHeaders(`${address.host}:${address.port}`, PATH);
      socket.setTimeout(SILENCE_MS, () => connection.#fail(new Error("nothing came from the server for 5 s")));
      socket.once("error", reject);
      socket.once("close", () => connection.#fail(new Error("the server closed the connection")));
      socket.once("connect", () => {
        const settings = settingsFrame([
          [HEADER_TABLE_SIZE, 0],
          [ENABLE_PUSH, 0],
        ]);
        socket.write(Buffer.concat([Buffer.from(PREFACE), settings, windowUpdate(MAX_WINDOW - START_WINDOW)]));
      });
      socket.on("data", (chunk) => {
        connection.#read(chunk);
        if (connection.#nextHeaders !== undefined) resolve(connection);
      });
    });
  }

  /** Calls that are not answered yet. */
  get outstanding() {
    return this.#open.size + this.#waiting.length;
  }

  /** @param {(error: Error) => void} onFailure */
  set onFailure(onFailure) {
    this.#onFailure = onFailure;
  }

  /**
   * Asks as soon as a stream is free. Nothing is sent before `flush`, which follows by itself on each answer.
   * @param {Buffer} data from requestFrame
   * @param {number} askedAt of performance.now(), from which the answer's time counts
   */
  ask(data, askedAt) {
    const size = data.length - FRAME_HEADER;
    if (this.#open.size >= this.#streams || this.#sendWindow < size) {
      this.#waiting.push({ data, askedAt });
      return;
    }
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#sendWindow -= size;
    this.#open.set(stream, { askedAt, status: -1, code: 0 });
    const headers = this.#nextHeaders ?? Buffer.alloc(0);
    this.#nextHeaders = this.#laterHeaders;
    const copy = Buffer.allocUnsafe(headers.length + data.length);
    copy.set(headers, 0);
    copy.set(data, headers.length);
    copy.writeUInt32BE(stream, 5);
    copy.writeUInt32BE(stream, headers.length + 5);
    this.#unsent.push(copy);
  }

  /** Sends what was asked since the last time in one piece. */
  flush() {
    if (this.#unsent.length === 0) return;
    this.#socket.write(this.#unsent.length === 1 && this.#unsent[0] ? this.#unsent[0] : Buffer.concat(this.#unsent));
    this.#unsent = [];
  }

  close() {
    this.#onFailure = () => {};
    this.#socket.destroy();
  }

  /** @param {Error} error */
  #fail(error) {
    this.#socket.destroy();
    this.#onFailure(error);
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER) {
      const lengthAndType = bytes.readUInt32BE(at);
      const end = at + FRAME_HEADER + (lengthAndType >>> 8);
      if (end > bytes.length) break;
      this.#frame(lengthAndType & 0xff, bytes, at, end);
      at = end;
    }
    this.#unread = bytes.subarray(at);
    while (this.#waiting.length > 0 && this.#open.size < this.#streams) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const before = this.#open.size;
      this.ask(next.data, next.askedAt);
      if (this.#open.size === before) break; // the window is full: it waits again
    }
    if (this.#unacknowledged > 2 ** 30) {
      this.#unsent.push(windowUpdate(this.#unacknowledged));
      this.#unacknowledged = 0;
    }
    this.flush();
  }

  /**
   * @param {number} type
   * @param {Buffer} bytes
   * @param {number} at where the frame's header begins
   * @param {number} end where the frame ends
   */
  #frame(type, bytes, at, end) {
    const flags = bytes.readUInt8(at + 4);
    const stream = bytes.readUInt32BE(at + 5) & MAX_WINDOW;
    const payload = at + FRAME_HEADER;
    if (type === DATA || type === HEADERS) this.#streamFrame(type, flags, stream, bytes, payload, end);
    else if (type === RST_STREAM) this.#answered(stream, { status: -1 });
    else if (type === SETTINGS && (flags & ACK) === 0) this.#settings(bytes, payload, end);
    else if (type === PING && (flags & ACK) === 0) {
      this.#unsent.push(frame(PING, ACK, 0, Buffer.from(bytes.subarray(payload, end))));
    } else if (type === WINDOW_UPDATE && stream === 0) this.#sendWindow += bytes.readUInt32BE(payload) & MAX_WINDOW;
    else if (type === GOAWAY) {
      this.#fail(new Error(`the server said GOAWAY, error ${bytes.readUInt32BE(payload + 4)}`));
    }
  }

  /**
   * @param {number} type DATA or HEADERS
   * @param {number} flags
   * @param {number} stream
   * @param {Buffer} bytes
   * @param {number} payload
   * @param {number} end
   */
  #streamFrame(type, flags, stream, bytes, payload, end) {
    if ((flags & PADDED) !== 0) return this.#fail(new Error("padded frames are not understood here"));
    if (type === DATA) {
      this.#unacknowledged += end - payload;
      const answer = this.#open.get(stream);
      if (answer !== undefined && end > payload) answer.code = overallCode(bytes, payload + GRPC_PREFIX, end);
      if ((flags & END_STREAM) !== 0) this.#answered(stream, { status: -1 });
    } else if ((flags & END_STREAM) !== 0) {
      if ((flags & END_HEADERS) === 0) return this.#fail(new Error("CONTINUATION frames are not understood here"));
      this.#answered(stream, { status: grpcStatus(bytes, payload, end) });
    }
  }

  /**
   * @param {number} stream
   * @param {{ status: number }} end
   */
  #answered(stream, end) {
    const answer = this.#open.get(stream);
    if (answer === undefined) return;
    this.#open.delete(stream);
    answer.status = end.status;
    this.#onAnswer(answer, this);
  }

  /**
   * @param {Buffer} bytes
   * @param {number} payload
   * @param {number} end
   */
  #settings(bytes, payload, end) {
    let tableSize = 4096;
    for (let at = payload; at < end; at += 6) {
      const id = bytes.readUInt16BE(at);
      const value = bytes.readUInt32BE(at + 2);
      if (id === HEADER_TABLE_SIZE) tableSize = value;
      if (id === INITIAL_WINDOW_SIZE && value < 1024) this.#fail(new Error("the server's windows are too small"));
    }
    this.#unsent.push(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    if (this.#nextHeaders !== undefined || this.#headers === undefined) return;
    const { first, later, always } = this.#headers;
    const headersFrame = (/** @type {Buffer} */ block) => frame(HEADERS, END_HEADERS, 0, block);
    this.#nextHeaders = headersFrame(tableSize < 4096 ? always : first);
    this.#laterHeaders = headersFrame(tableSize < 4096 ? always : later);
  }
}
