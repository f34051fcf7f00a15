import { ConnectionError } from "./connection-error.js";
import { ERROR_CODE } from "./error-code.js";
import { DEFAULT_FRAME_BYTES, MAX_FRAME_BYTES, MAX_WINDOW_BYTES, readUint32, SETTING } from "./frame.js";

/** What a SETTINGS frame says that matters to a server. Of several values the last counts. */
export interface PeerSettings {
  readonly initialWindowBytes: number | undefined;
  /** The smallest table that was named: our encoder has none, which the peer must be told once if it names one. */
  readonly headerTableBytes: number | undefined;
}

/** Reads and checks the payload of a SETTINGS frame (RFC 9113 section 6.5.2). @throws ConnectionError on a wrong value */
export function readPeerSettings(bytes: Buffer, start: number, end: number): PeerSettings {
  let initialWindowBytes: number | undefined;
  let headerTableBytes: number | undefined;
  for (let at = start; at < end; at += 6) {
    const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const value = readUint32(bytes, at + 2);
    if (id === SETTING.INITIAL_WINDOW_SIZE) {
      if (value > MAX_WINDOW_BYTES)
        throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, "initial window too large");
      initialWindowBytes = value;
    } else if (id === SETTING.HEADER_TABLE_SIZE) {
      headerTableBytes = Math.min(value, headerTableBytes ?? value);
    } else if (id === SETTING.ENABLE_PUSH) {
      if (value > 1) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1");
    } else if (id === SETTING.MAX_FRAME_SIZE && (value < DEFAULT_FRAME_BYTES || value > MAX_FRAME_BYTES)) {
      // Otherwise not looked at: we never send frames above the smallest limit that a peer can set.
      throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "MAX_FRAME_SIZE out of range");
    }
  }
  return { initialWindowBytes, headerTableBytes };
}
