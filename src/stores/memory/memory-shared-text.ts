import type { SharedText, SharedTextState } from "../shared-text.js";
import { wallClockMicros } from "./wall-clock.js";

/** A text of this process alone, which ends with it. */
export class MemorySharedText implements SharedText {
  readonly reach = "process";
  #version = 0;
  #text = "";

  read(known: string): Promise<SharedTextState> {
    return Promise.resolve(this.#state(known));
  }

  replace(known: string, text: string): Promise<SharedTextState & { readonly replaced: boolean }> {
    if (known !== String(this.#version)) return Promise.resolve({ ...this.#state(known), replaced: false });
    this.#text = text;
    this.#version += 1;
    return Promise.resolve({ ...this.#state(String(this.#version)), replaced: true });
  }

  #state(known: string): SharedTextState {
    const version = String(this.#version);
    const state = { version, nowMillis: wallClockMicros() / 1_000 };
    return version === known ? state : { ...state, text: this.#text };
  }
}
