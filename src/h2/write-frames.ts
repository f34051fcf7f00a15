import { DEFAULT_FRAME_BYTES, FLAG, FRAME } from "./frame.js";
import { type Output, putBytes, putUint32 } from "./output.js";

/** A setting and its value. */
export type SettingPair = readonly [id: number, value: number];

export function writeSettings(output: Output, settings: readonly SettingPair[]): void {
  let at = output.frame(settings.length * 6, FRAME.SETTINGS, 0, 0);
  for (const [id, value] of settings) {
    output.buffer[at] = id >> 8;
    output.buffer[at + 1] = id;
    putUint32(output.buffer, at + 2, value);
    at += 6;
  }
}

export function writeSettingsAck(output: Output): void {
  output.frame(0, FRAME.SETTINGS, FLAG.ACK, 0);
}

/** @param payload eight bytes */
export function writePing(output: Output, payload: Uint8Array, isAck: boolean): void {
  const at = output.frame(8, FRAME.PING, isAck ? FLAG.ACK : 0, 0);
  putBytes(output.buffer, at, payload);
}

export function writeReset(output: Output, streamId: number, code: number): void {
  const at = output.frame(4, FRAME.RST_STREAM, 0, streamId);
  putUint32(output.buffer, at, code);
}

export function writeWindowUpdate(output: Output, streamId: number, increment: number): void {
  const at = output.frame(4, FRAME.WINDOW_UPDATE, 0, streamId);
  putUint32(output.buffer, at, increment);
}

/** @param reason for the peer's logs, ASCII */
export function writeGoAway(output: Output, lastStreamId: number, code: number, reason: string): void {
  const words = Buffer.from(reason.slice(0, 200), "latin1");
  const at = output.frame(8 + words.length, FRAME.GOAWAY, 0, 0);
  putUint32(output.buffer, at, lastStreamId);
  putUint32(output.buffer, at + 4, code);
  putBytes(output.buffer, at + 8, words);
}

/** A header block, in as many frames as it takes at the smallest frame limit there is. */
export function writeHeaderBlock(output: Output, streamId: number, block: Uint8Array, endStream: boolean): void {
  const endFlag = endStream ? FLAG.END_STREAM : 0;
  if (block.length <= DEFAULT_FRAME_BYTES) {
    const at = output.frame(block.length, FRAME.HEADERS, endFlag | FLAG.END_HEADERS, streamId);
    putBytes(output.buffer, at, block);
    return;
  }
  for (let from = 0; from < block.length; from += DEFAULT_FRAME_BYTES) {
    const part = block.subarray(from, from + DEFAULT_FRAME_BYTES);
    const type = from === 0 ? FRAME.HEADERS : FRAME.CONTINUATION;
    const isLast = from + part.length === block.length;
    const flags = (from === 0 ? endFlag : 0) | (isLast ? FLAG.END_HEADERS : 0);
    const at = output.frame(part.length, type, flags, streamId);
    putBytes(output.buffer, at, part);
  }
}

/** @param bytes at most 16,384 */
export function writeData(output: Output, streamId: number, bytes: Uint8Array, endStream: boolean): void {
  const at = output.frame(bytes.length, FRAME.DATA, endStream ? FLAG.END_STREAM : 0, streamId);
  putBytes(output.buffer, at, bytes);
}
