// Frames of HTTP/2 as bytes (RFC 9113 sections 4.1 and 6).

export const FRAME_HEADER = 9;
export const GRPC_PREFIX = 5;

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;

/** Settings by number. */
export const HEADER_TABLE_SIZE = 1;
export const ENABLE_PUSH = 2;
export const INITIAL_WINDOW_SIZE = 4;

/**
 * @param {number} type
 * @param {number} flags
 * @param {number} stream
 * @param {Buffer} payload
 */
export function frame(type, flags, stream, payload) {
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/**
 * Lets the other side send so many bytes more on the connection.
 * @param {number} increment
 */
export function windowUpdate(increment) {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(WINDOW_UPDATE, 0, 0, payload);
}

/** @param {readonly (readonly [id: number, value: number])[]} settings */
export function settingsFrame(settings) {
  const payload = Buffer.alloc(6 * settings.length);
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(SETTINGS, 0, 0, payload);
}

/**
 * A gRPC call's only DATA frame, for stream 0: the stream's id is written into each copy.
 * @param {Buffer} message protobuf
 */
export function requestFrame(message) {
  const prefix = Buffer.alloc(GRPC_PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  return frame(DATA, END_STREAM, 0, Buffer.concat([prefix, message]));
}
