/** Frame types, RFC 9113 section 6. */
export const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Frame flags; END_STREAM and ACK share a bit. */
export const FLAG = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** Settings, RFC 9113 section 6.5.2. */
export const SETTING = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

/** The length of the head of a frame, bytes. */
export const FRAME_HEAD_BYTES = 9;

/** What windows are before anybody says otherwise, bytes. */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** No window may be larger, bytes. */
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;

/** The smallest and first limit of a frame's payload, bytes. */
export const DEFAULT_FRAME_BYTES = 16_384;

export const MAX_FRAME_BYTES = 2 ** 24 - 1;

export const MAX_STREAM_ID = 2 ** 31 - 1;

/** A four-byte number, unsigned. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** A number of 31 bits: the first bit is reserved and not looked at. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & 0x7fffffff;
}
