/** Frames for tests, after RFC 9113; nothing is shared with the server's. */
export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export interface TestFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function settings(pairs: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 0xff]), uint32(value)]));
  return frame(TYPE.SETTINGS, 0, 0, Buffer.concat(payload));
}

export const SETTINGS_ACK = frame(TYPE.SETTINGS, ACK, 0);

export function windowUpdate(id: number, increment: number): Buffer {
  return frame(TYPE.WINDOW_UPDATE, 0, id, uint32(increment));
}

export function reset(id: number, code = 8): Buffer {
  return frame(TYPE.RST_STREAM, 0, id, uint32(code));
}

export function ping(text = "12345678", flags = 0): Buffer {
  return frame(TYPE.PING, flags, 0, Buffer.from(text));
}

/** Takes the whole frames off the beginning. @returns them and what is left */
export function readFrames(bytes: Buffer): { frames: TestFrame[]; rest: Buffer } {
  const frames: TestFrame[] = [];
  let rest = bytes;
  while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
    const end = 9 + rest.readUIntBE(0, 3);
    frames.push({
      type: rest[3] as number,
      flags: rest[4] as number,
      id: rest.readUInt32BE(5) & 0x7fffffff,
      payload: Buffer.from(rest.subarray(9, end)),
    });
    rest = rest.subarray(end);
  }
  return { frames, rest };
}
