import { PlainHistogram } from "./plain-histogram.js";

/** As often as Envoy's patience is long: what holds the loop for that time is seen. */
const INTERVAL_MILLIS = 20;

/** Seconds. Timers themselves are a millisecond late at times. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1];

/** How late a timer comes that should come every 20 ms: so long a decision had to wait that came meanwhile. */
export class EventLoopLag {
  readonly times = new PlainHistogram(BOUNDS);
  #timer: NodeJS.Timeout | undefined;

  /** Measures from now on, without keeping the process alive. */
  start(): void {
    let lastMillis = performance.now();
    this.#timer = setInterval(() => {
      const nowMillis = performance.now();
      this.times.observe(Math.max(0, nowMillis - lastMillis - INTERVAL_MILLIS) / 1000);
      lastMillis = nowMillis;
    }, INTERVAL_MILLIS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
