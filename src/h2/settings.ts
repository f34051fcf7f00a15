import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW_BYTES, SETTING } from "./frame.js";
import { DEFAULT_TABLE_BYTES } from "./hpack/decoder.js";
import type { H2Limits } from "./limits.js";
import type { SettingPair } from "./write-frames.js";

/** The settings that we announce: those that differ from what a peer assumes. */
export function ownSettings(limits: H2Limits): SettingPair[] {
  const settings: SettingPair[] = [
    [SETTING.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
    [SETTING.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
  ];
  if (limits.headerTableBytes !== DEFAULT_TABLE_BYTES)
    settings.push([SETTING.HEADER_TABLE_SIZE, limits.headerTableBytes]);
  if (limits.streamWindowBytes !== DEFAULT_WINDOW_BYTES) {
    settings.push([SETTING.INITIAL_WINDOW_SIZE, limits.streamWindowBytes]);
  }
  if (limits.maxFrameBytes !== DEFAULT_FRAME_BYTES) settings.push([SETTING.MAX_FRAME_SIZE, limits.maxFrameBytes]);
  return settings;
}
