/** What one connection may do, and how long it may take. Every bound of this module is here. */
export interface H2Limits {
  /** Streams that the peer may have open at once; more are refused. Announced to the peer. */
  readonly maxConcurrentStreams: number;
  /**
   * Streams that the peer has reset, or made us reset, while work for them went on. They hold a place until the work ends:
   * at this number new streams are refused, so resets never buy more work at once than this and the open streams.
   */
  readonly maxAbandonedStreams: number;
  /** The size of a request's fields, bytes, each counted with 32 more. Announced; above it a request is answered 431. */
  readonly maxHeaderListBytes: number;
  /** The encoded size of one header block, bytes. Above it the connection ends. */
  readonly maxHeaderBlockBytes: number;
  /** CONTINUATION frames of one header block. Above it the connection ends. */
  readonly maxContinuations: number;
  /** The table that the peer's encoder may use, bytes. Announced. */
  readonly headerTableBytes: number;
  /** What the peer may send on a stream before it is taken, bytes. Announced. */
  readonly streamWindowBytes: number;
  /** What the peer may send on the connection before it is taken, bytes; at least 65,535. Announced. */
  readonly connectionWindowBytes: number;
  /** The largest payload of a frame that we take, bytes, 16,384 or more. Announced. */
  readonly maxFrameBytes: number;

  /** Output that the socket has not taken, bytes. Above it we stop to read until it has. */
  readonly maxUnsentBytes: number;
  /** Answers that wait for the peer's windows, bytes a connection. A call whose answer goes above it is reset. */
  readonly maxQueuedBytes: number;
  /** How long a peer may leave output or a finished answer untaken before the connection ends, milliseconds. */
  readonly slowReaderMillis: number;

  /** How long the peer may take to send its preface, milliseconds. */
  readonly prefaceMillis: number;
  /** How long the peer may take for one frame, or for the frames of one header block, milliseconds. */
  readonly frameMillis: number;
  /** How long the peer may take to send a whole request that does not stream, milliseconds. */
  readonly requestMillis: number;
  /** How long the peer may take to acknowledge our settings, milliseconds. */
  readonly settingsAckMillis: number;
  /** Silence of the peer after which we send a PING, milliseconds. */
  readonly keepaliveMillis: number;
  /** How long a peer may then stay silent before the connection ends, milliseconds. */
  readonly keepaliveTimeoutMillis: number;
  /** How long a connection may be without streams before it is drained, milliseconds. Infinity: for ever. */
  readonly maxIdleMillis: number;
  /** The age at which a connection is drained, milliseconds. Infinity: never. */
  readonly maxAgeMillis: number;
  /** The share of the age by which connections differ from it, either way, so that they do not all go at once. */
  readonly maxAgeJitter: number;
  /** How long the streams of a connection drained for its age or idleness may go on, milliseconds. */
  readonly maxAgeGraceMillis: number;
  /** How long the first GOAWAY waits to be seen (by a PING) before the last one, milliseconds. */
  readonly drainRoundTripMillis: number;
  /** How long a connection that we have ended may take to close from the other side, milliseconds. */
  readonly lingerMillis: number;

  /**
   * Frames that ask for no work (PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE, unknown types, frames on closed
   * streams, refused streams, stream errors): so many at once. Above it the connection ends with ENHANCE_YOUR_CALM.
   */
  readonly overheadBurst: number;
  /** How many of those a second are forgotten. */
  readonly overheadPerSecond: number;
  /** How many of those are forgotten for each frame of use: DATA with bytes in it, either way. */
  readonly overheadPerUsefulFrame: number;

  /** A stream that the peer resets, unanswered, when it is younger than this, milliseconds, was given no time. */
  readonly quickResetMillis: number;
  /** So many streams that were given no time at once. Above it the connection ends with ENHANCE_YOUR_CALM. */
  readonly quickResetBurst: number;
  /** How many of those a second are forgotten. */
  readonly quickResetsPerSecond: number;
}

export const DEFAULT_H2_LIMITS: H2Limits = {
  maxConcurrentStreams: 1_000,
  maxAbandonedStreams: 1_000,
  maxHeaderListBytes: 16_384,
  maxHeaderBlockBytes: 32_768,
  maxContinuations: 8,
  headerTableBytes: 4_096,
  streamWindowBytes: 65_535,
  connectionWindowBytes: 1_048_576,
  maxFrameBytes: 16_384,
  maxUnsentBytes: 1_048_576,
  maxQueuedBytes: 16_777_216,
  slowReaderMillis: 20_000,
  prefaceMillis: 10_000,
  frameMillis: 20_000,
  requestMillis: 60_000,
  settingsAckMillis: 10_000,
  keepaliveMillis: 60_000,
  keepaliveTimeoutMillis: 20_000,
  maxIdleMillis: Number.POSITIVE_INFINITY,
  maxAgeMillis: Number.POSITIVE_INFINITY,
  maxAgeJitter: 0.1,
  maxAgeGraceMillis: 30_000,
  drainRoundTripMillis: 1_000,
  lingerMillis: 1_000,
  overheadBurst: 10_000,
  overheadPerSecond: 1_000,
  overheadPerUsefulFrame: 4,
  quickResetMillis: 5,
  quickResetBurst: 20_000,
  quickResetsPerSecond: 10_000,
};
