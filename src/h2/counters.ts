import { ERROR_CODE_NAMES, type ErrorCodeName } from "./error-code.js";

/** What has happened since the start, and what is now; one of these counts for all connections of a server. */
export interface H2Counters {
  connectionsOpened: number;
  connectionsOpen: number;
  streamsOpened: number;
  streamsOpen: number;
  /** Streams that peers have reset. */
  resetsReceived: number;
  /** Of those, the ones that were given no time. */
  quickResets: number;
  /** Streams that we have reset, refused ones and those that the peer gave up included. */
  resetsSent: number;
  /** Streams refused for being too many. */
  streamsRefused: number;
  /** Requests answered 431. */
  headersTooLarge: number;
  /** Times that an answer had to wait for a window of the peer. */
  flowStalls: number;
  /** Times that a connection was not read for a while because its peer did not take its output. */
  readPauses: number;
  /** Connections that did not begin with the preface of HTTP/2. */
  badPrefaces: number;
  /** Connections ended because the peer did not do its part in time, by what it was; for "request", streams reset. */
  timeouts: Record<"preface" | "settings" | "frame" | "request" | "keepalive" | "slowReader" | "drain", number>;
  /** Connections ended by us with GOAWAY for a fault, by the code. */
  connectionErrors: Record<ErrorCodeName, number>;
  /** Streams reset by us for a fault of the peer, by the code. */
  streamErrors: Record<ErrorCodeName, number>;
}

export function createH2Counters(): H2Counters {
  return {
    connectionsOpened: 0,
    connectionsOpen: 0,
    streamsOpened: 0,
    streamsOpen: 0,
    resetsReceived: 0,
    quickResets: 0,
    resetsSent: 0,
    streamsRefused: 0,
    headersTooLarge: 0,
    flowStalls: 0,
    readPauses: 0,
    badPrefaces: 0,
    timeouts: { preface: 0, settings: 0, frame: 0, request: 0, keepalive: 0, slowReader: 0, drain: 0 },
    connectionErrors: byCode(),
    streamErrors: byCode(),
  };
}

function byCode(): Record<ErrorCodeName, number> {
  return Object.fromEntries(ERROR_CODE_NAMES.map((name) => [name, 0])) as Record<ErrorCodeName, number>;
}
