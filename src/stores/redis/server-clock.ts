/** How far the two clocks may drift apart: 1 ms a second, more than any clock that is not broken. */
const DRIFT_PER_SECOND_MICROS = 1_000;

/**
 * What time it is on Redis' clock, as replies tell: a reply that says `server` was made between the moments its call was
 * sent and its reply received, so the server's clock is ahead of ours by at most `server - sent` and at least
 * `server - received`. Each reply narrows that, a step of the server's clock starts it anew.
 */
export class ServerClock {
  #mostAheadMicros: number | undefined;
  #learnedMillis = 0;

  /** @param serverMicros what Redis said; the others are our own steady clock */
  learn(serverMicros: number, sentMillis: number, receivedMillis: number): void {
    const most = serverMicros - sentMillis * 1000;
    const least = serverMicros - receivedMillis * 1000;
    const known = this.#mostAheadMicros;
    const drifted = ((receivedMillis - this.#learnedMillis) / 1000) * DRIFT_PER_SECOND_MICROS;
    const bound = known === undefined || known + drifted < least ? most : Math.min(known + drifted, most);
    this.#mostAheadMicros = bound;
    this.#learnedMillis = receivedMillis;
  }

  /** The latest that the server's clock may say at this moment of ours, whole microseconds; undefined before any reply. */
  latestMicros(millis: number): number | undefined {
    return this.#mostAheadMicros === undefined ? undefined : Math.ceil(this.#mostAheadMicros + millis * 1000);
  }
}
