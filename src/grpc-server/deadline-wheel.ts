/** Something that ends at a time. The links are the wheel's own. */
export interface Expiring {
  /** Milliseconds on the wheel's clock. */
  readonly expiresAtMillis: number;
  onExpired(): void;
  previous: Expiring | undefined;
  next: Expiring | undefined;
  /** The slot it is in, -1 when in none. */
  slot: number;
}

const SLOTS = 1_024;
const SLOT_MILLIS = 4;

/**
 * The deadlines of all calls, with one timer: a timer for each call would cost more than the call. Slots of four
 * milliseconds go round; a deadline further away than one turn waits in its slot for the turn in which it is due.
 */
export class DeadlineWheel {
  readonly #clock: () => number;
  readonly #slots: (Expiring | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #onTimer = (): void => this.#turn();
  #size = 0;
  /** The last tick (milliseconds / SLOT_MILLIS) whose slot has been looked at. */
  #turned: number;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMillis = Number.POSITIVE_INFINITY;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#turned = Math.floor(clock() / SLOT_MILLIS);
  }

  /** Deadlines that run. */
  get size(): number {
    return this.#size;
  }

  /** `onExpired` will be called within about a slot of the time, unless it is removed before. */
  add(entry: Expiring): void {
    const tick = Math.max(Math.ceil(entry.expiresAtMillis / SLOT_MILLIS), this.#turned + 1);
    const slot = tick % SLOTS;
    const first = this.#slots[slot];
    entry.slot = slot;
    entry.previous = undefined;
    entry.next = first;
    if (first !== undefined) first.previous = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
    // Timers cannot be set years ahead; one that comes a turn later sees to the rest.
    const timerTick = Math.min(tick, this.#turned + SLOTS);
    if (timerTick * SLOT_MILLIS < this.#timerAtMillis) this.#setTimer(timerTick * SLOT_MILLIS);
  }

  remove(entry: Expiring): void {
    if (entry.slot < 0) return;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    if (entry.previous !== undefined) entry.previous.next = entry.next;
    else this.#slots[entry.slot] = entry.next;
    entry.previous = undefined;
    entry.next = undefined;
    entry.slot = -1;
    this.#size -= 1;
  }

  /** Stops the timer: nothing expires any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timerAtMillis = Number.NEGATIVE_INFINITY;
  }

  #turn(): void {
    this.#timerAtMillis = Number.POSITIVE_INFINITY;
    const now = this.#clock();
    const tick = Math.floor(now / SLOT_MILLIS);
    const due: Expiring[] = [];
    for (let at = Math.max(this.#turned + 1, tick - SLOTS + 1); at <= tick; at++) {
      for (let entry = this.#slots[at % SLOTS]; entry !== undefined; entry = entry.next) {
        if (entry.expiresAtMillis <= now) due.push(entry);
      }
    }
    this.#turned = Math.max(this.#turned, tick);
    for (const entry of due) {
      if (entry.slot < 0) continue;
      this.remove(entry);
      entry.onExpired();
    }
    if (this.#size > 0) this.#setTimer(this.#nextTick() * SLOT_MILLIS);
  }

  /** The next tick whose slot is not empty. */
  #nextTick(): number {
    let tick = this.#turned + 1;
    while (this.#slots[tick % SLOTS] === undefined) tick += 1;
    return tick;
  }

  #setTimer(atMillis: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMillis = atMillis;
    this.#timer = setTimeout(this.#onTimer, Math.max(1, Math.ceil(atMillis - this.#clock())));
    this.#timer.unref();
  }
}
