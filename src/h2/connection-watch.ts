import type { H2Limits } from "./limits.js";

/** What a connection that waits for something looks like. Times are milliseconds on its clock. */
export interface Watched {
  readonly openedAtMillis: number;
  /** When bytes of the peer came last. */
  readonly heardAtMillis: number;
  /** Whether the preface and the first SETTINGS have come. */
  readonly isGreeted: boolean;
  /** A number for the frame, or the header block, of which only the beginning has come; 0 where there is none. */
  readonly unfinished: number;
  /** When our settings were sent; undefined when they are acknowledged or were not sent yet. */
  readonly settingsSentAtMillis: number | undefined;
  /** Whether we do not read because the peer does not take our output. */
  readonly isPaused: boolean;
  readonly unsentBytes: number;
  /** Counts pieces of output that the socket has taken. */
  readonly takenPieces: number;
  /** Whether complete answers wait for the peer's windows. */
  readonly hasUntakenAnswers: boolean;
  /** Counts frames that waited and went out. */
  readonly sentFromQueue: number;
  readonly openStreams: number;
  /** When the last stream closed. */
  readonly idleSinceMillis: number;
}

/** What is to be done about it. */
export type WatchVerdict =
  | "nothing"
  | "preface-timeout"
  | "settings-timeout"
  | "frame-timeout"
  | "keepalive-ping"
  | "keepalive-timeout"
  | "slow-reader"
  | "untaken-answers"
  | "drain";

/** Looks at a connection now and then, and says when it has waited too long for its peer, or lived long enough. */
export class ConnectionWatch {
  readonly #limits: H2Limits;
  readonly #maxAgeMillis: number;
  #pingedAtMillis: number | undefined;
  #unfinished = 0;
  #unfinishedAtMillis: number;
  #takenPieces = 0;
  #takenAtMillis: number;
  #sentFromQueue = 0;
  #sentAtMillis: number;

  /** @param random a number from 0 to 1 */
  constructor(limits: H2Limits, nowMillis: number, random: number) {
    this.#limits = limits;
    this.#maxAgeMillis = limits.maxAgeMillis * (1 + limits.maxAgeJitter * (2 * random - 1));
    this.#unfinishedAtMillis = nowMillis;
    this.#takenAtMillis = nowMillis;
    this.#sentAtMillis = nowMillis;
  }

  look(seen: Watched, nowMillis: number): WatchVerdict {
    const limits = this.#limits;
    if (!seen.isGreeted && nowMillis - seen.openedAtMillis >= limits.prefaceMillis) return "preface-timeout";
    if (seen.settingsSentAtMillis !== undefined && nowMillis - seen.settingsSentAtMillis >= limits.settingsAckMillis) {
      return "settings-timeout";
    }
    if (this.#isSlowWriter(seen, nowMillis)) return "frame-timeout";
    if (this.#isSlowReader(seen, nowMillis)) return "slow-reader";
    if (this.#leavesAnswers(seen, nowMillis)) return "untaken-answers";
    const silence = this.#lookAtSilence(seen, nowMillis);
    if (silence !== "nothing") return silence;
    if (nowMillis - seen.openedAtMillis >= this.#maxAgeMillis) return "drain";
    const isIdle = seen.openStreams === 0 && nowMillis - seen.idleSinceMillis >= limits.maxIdleMillis;
    return isIdle ? "drain" : "nothing";
  }

  /** A peer that we do not read cannot be blamed for a frame that does not end. */
  #isSlowWriter(seen: Watched, nowMillis: number): boolean {
    if (seen.unfinished === 0 || seen.unfinished !== this.#unfinished || seen.isPaused) {
      this.#unfinished = seen.unfinished;
      this.#unfinishedAtMillis = nowMillis;
    }
    return nowMillis - this.#unfinishedAtMillis >= this.#limits.frameMillis;
  }

  #isSlowReader(seen: Watched, nowMillis: number): boolean {
    if (seen.unsentBytes === 0 || seen.takenPieces !== this.#takenPieces) {
      this.#takenPieces = seen.takenPieces;
      this.#takenAtMillis = nowMillis;
    }
    return nowMillis - this.#takenAtMillis >= this.#limits.slowReaderMillis;
  }

  #leavesAnswers(seen: Watched, nowMillis: number): boolean {
    if (!seen.hasUntakenAnswers || seen.sentFromQueue !== this.#sentFromQueue) {
      this.#sentFromQueue = seen.sentFromQueue;
      this.#sentAtMillis = nowMillis;
    }
    return nowMillis - this.#sentAtMillis >= this.#limits.slowReaderMillis;
  }

  /** A peer that we do not read cannot be blamed for its silence. */
  #lookAtSilence(seen: Watched, nowMillis: number): WatchVerdict {
    if (!seen.isGreeted || seen.isPaused) return "nothing";
    if (this.#pingedAtMillis !== undefined && seen.heardAtMillis > this.#pingedAtMillis)
      this.#pingedAtMillis = undefined;
    if (this.#pingedAtMillis !== undefined) {
      const isOver = nowMillis - this.#pingedAtMillis >= this.#limits.keepaliveTimeoutMillis;
      return isOver ? "keepalive-timeout" : "nothing";
    }
    if (nowMillis - seen.heardAtMillis < this.#limits.keepaliveMillis) return "nothing";
    this.#pingedAtMillis = nowMillis;
    return "keepalive-ping";
  }
}
