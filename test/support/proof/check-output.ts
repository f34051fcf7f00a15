import { PREFACE, readFrames, type TestFrame, TYPE } from "../h2/frames.js";
import { readHpackBlock } from "../h2/hpack.js";

const MAX_FRAME_BYTES = 16_384;
const DEFAULT_WINDOW_BYTES = 65_535;
const INITIAL_WINDOW_SIZE = 4;
const OURS: readonly number[] = [
  TYPE.DATA,
  TYPE.HEADERS,
  TYPE.RST_STREAM,
  TYPE.SETTINGS,
  TYPE.PING,
  TYPE.GOAWAY,
  TYPE.WINDOW_UPDATE,
  TYPE.CONTINUATION,
];

/** What has been sent on one stream. */
interface Seen {
  hasHeaders: boolean;
  isEnded: boolean;
  isReset: boolean;
  bytes: number;
}

/** What came of a conversation. */
export interface Output {
  readonly goAwayCodes: readonly number[];
  readonly bytesByStream: ReadonlyMap<number, number>;
}

/** What a server may not do whatever it is told. @throws Error that says what it did */
export function checkOutput(sent: Buffer, isEndedByServer: boolean): Output {
  const { frames, rest } = readFrames(sent);
  if (rest.length > 0) throw new Error(`${rest.length} bytes of a frame that does not end`);
  const streams = new Map<number, Seen>();
  const goAwayCodes: number[] = [];
  frames.forEach((one, at) => {
    checkFrame(one, frames[at - 1], at);
    if (goAwayCodes.some((code) => code !== 0)) throw new Error("a frame after the GOAWAY that ends the connection");
    if (one.type === TYPE.GOAWAY) goAwayCodes.push(one.payload.readUInt32BE(4));
    if (one.id > 0 && one.type !== TYPE.WINDOW_UPDATE) checkStream(one, frames, at, streams);
  });
  if (goAwayCodes.some((code) => code !== 0) && !isEndedByServer)
    throw new Error("a fault, and no end of the connection");
  return { goAwayCodes, bytesByStream: new Map([...streams].map(([id, { bytes }]) => [id, bytes])) };
}

function checkFrame({ type, flags, id, payload }: TestFrame, before: TestFrame | undefined, at: number): void {
  const fail = (what: string): never => {
    throw new Error(`frame ${at} of type ${type}, flags ${flags}, stream ${id}, ${payload.length} bytes: ${what}`);
  };
  if (!OURS.includes(type)) fail("a type that servers do not send");
  if (payload.length > MAX_FRAME_BYTES) fail("too large");
  if (at === 0 && type !== TYPE.SETTINGS) fail("the first one is not SETTINGS");
  const isOfConnection = type === TYPE.SETTINGS || type === TYPE.PING || type === TYPE.GOAWAY;
  if (isOfConnection ? id !== 0 : type !== TYPE.WINDOW_UPDATE && id % 2 !== 1) fail("the wrong stream");
  const isInBlock = before !== undefined && isBlockPart(before) && (before.flags & 4) === 0;
  if (isInBlock !== (type === TYPE.CONTINUATION)) fail("inside a header block, or not");
  const lengths: Partial<Record<number, number>> = { [TYPE.PING]: 8, [TYPE.RST_STREAM]: 4, [TYPE.WINDOW_UPDATE]: 4 };
  if (lengths[type] !== undefined && payload.length !== lengths[type]) fail("a wrong length");
  if (type === TYPE.WINDOW_UPDATE && payload.readUInt32BE(0) === 0) fail("a window update of nothing");
}

const isBlockPart = ({ type }: TestFrame): boolean => type === TYPE.HEADERS || type === TYPE.CONTINUATION;

function checkStream(one: TestFrame, frames: readonly TestFrame[], at: number, streams: Map<number, Seen>): void {
  const { type, flags, id, payload } = one;
  const fail = (what: string): never => {
    throw new Error(`frame ${at} of type ${type} on stream ${id}: ${what}`);
  };
  const seen = streams.get(id) ?? { hasHeaders: false, isEnded: false, isReset: false, bytes: 0 };
  streams.set(id, seen);
  if (type === TYPE.RST_STREAM) {
    // A peer that goes on where it must not is told so more than once.
    seen.isReset = true;
    return;
  }
  if (type === TYPE.CONTINUATION) return;
  if (seen.isReset) fail("after a reset");
  if (seen.isEnded) fail("after the end");
  if (type === TYPE.DATA && !seen.hasHeaders) fail("data before headers");
  seen.bytes += type === TYPE.DATA ? payload.length : 0;
  seen.isEnded = (flags & 1) === 1;
  if (type === TYPE.HEADERS) checkBlock(wholeBlock(frames, at), seen, fail);
}

function wholeBlock(frames: readonly TestFrame[], at: number): Buffer {
  let end = at + 1;
  while (frames[end]?.type === TYPE.CONTINUATION) end += 1;
  return Buffer.concat(frames.slice(at, end).map(({ payload }) => payload));
}

function checkBlock(block: Buffer, seen: Seen, fail: (what: string) => never): void {
  const names = readHpackBlock(block).map(([name]) => name);
  if (names.some((name) => name !== name.toLowerCase())) fail("a name in upper case");
  if (!seen.hasHeaders && names[0] !== ":status") fail("headers without a status");
  if (seen.hasHeaders && names.includes(":status")) fail("a status in trailing fields");
  if (seen.hasHeaders && !names.includes("grpc-status")) fail("trailing fields without grpc-status");
  if (seen.hasHeaders && !seen.isEnded) fail("trailing fields that do not end the stream");
  seen.hasHeaders = true;
}

/** What a server may not do to a client that says only what it may. @throws Error that says what it did */
export function checkHonestRound(said: Buffer, { goAwayCodes, bytesByStream }: Output): void {
  if (goAwayCodes.some((code) => code !== 0)) throw new Error(`an honest client was sent away (${goAwayCodes})`);
  const granted = windowsOf(said);
  let all = 0;
  for (const [id, bytes] of bytesByStream) {
    all += bytes;
    if (bytes > granted.initial + (granted.more.get(id) ?? 0)) throw new Error(`data above the window of stream ${id}`);
  }
  if (all > DEFAULT_WINDOW_BYTES + (granted.more.get(0) ?? 0)) throw new Error("data above the connection's window");
}

/** The largest initial window that a client has announced, and what it has added to windows, by stream. */
function windowsOf(said: Buffer): { initial: number; more: Map<number, number> } {
  let initial = DEFAULT_WINDOW_BYTES;
  const more = new Map<number, number>();
  for (const { type, id, payload } of readFrames(said.subarray(PREFACE.length)).frames) {
    if (type === TYPE.WINDOW_UPDATE) more.set(id, (more.get(id) ?? 0) + payload.readUInt32BE(0));
    for (let at = 0; type === TYPE.SETTINGS && at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === INITIAL_WINDOW_SIZE) initial = Math.max(initial, payload.readUInt32BE(at + 2));
    }
  }
  return { initial, more };
}
