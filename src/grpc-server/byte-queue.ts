const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Bytes that wait to be read. What is added to an empty queue is read where it is; what is left of it is copied by `own`,
 * for its memory is a whole chunk of the socket. Memory that has been read is never written again.
 */
export class ByteQueue {
  bytes: Buffer = NOTHING;
  /** Where the waiting bytes begin and end. */
  start = 0;
  end = 0;
  #isOwn = false;

  get length(): number {
    return this.end - this.start;
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (this.start === this.end) {
      this.#hold(bytes, start, end, false);
      return;
    }
    const length = this.length + end - start;
    if (!this.#isOwn || this.end + end - start > this.bytes.length) this.#move(Math.max(length, 2 * this.length));
    this.end += bytes.copy(this.bytes, this.end, start, end);
  }

  /** To be called when the memory that was added will not stay. */
  own(): void {
    if (this.start === this.end) this.#hold(NOTHING, 0, 0, false);
    else if (!this.#isOwn) this.#move(this.length);
  }

  #move(room: number): void {
    const larger = Buffer.allocUnsafeSlow(room);
    const length = this.bytes.copy(larger, 0, this.start, this.end);
    this.#hold(larger, 0, length, true);
  }

  #hold(bytes: Buffer, start: number, end: number, isOwn: boolean): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#isOwn = isOwn;
  }
}
