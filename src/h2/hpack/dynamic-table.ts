import type { TableField } from "./static-table.js";

/** What each field costs besides its name and value, bytes (RFC 7541 section 4.1). */
const FIELD_OVERHEAD_BYTES = 32;

/** The size of a field as tables and header list limits count it, bytes. */
export function fieldSize(name: string, value: string): number {
  return name.length + value.length + FIELD_OVERHEAD_BYTES;
}

/** A decoder's dynamic table (RFC 7541 section 2.3.2): newest first, bounded in bytes. A ring, so nothing is moved. */
export class DynamicTable {
  #ring: (TableField | undefined)[] = [];
  #newest = -1;
  #count = 0;
  #size = 0;
  #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Fields held. */
  get count(): number {
    return this.#count;
  }

  /** The size of the fields held, bytes. */
  get size(): number {
    return this.#size;
  }

  /** The largest size that the encoder has announced, bytes. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The field that was inserted `age` insertions before the newest (0), or undefined when there is none. */
  field(age: number): TableField | undefined {
    if (age >= this.#count) return undefined;
    const length = this.#ring.length;
    return this.#ring[(this.#newest - age + length) % length];
  }

  /** Inserts a field, and evicts the oldest to make room. One larger than the table empties it. */
  insert(field: TableField): void {
    const size = fieldSize(field.name, field.value);
    this.#evictTo(this.#capacity - size);
    if (size > this.#capacity) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#newest = (this.#newest + 1) % this.#ring.length;
    this.#ring[this.#newest] = field;
    this.#count += 1;
    this.#size += size;
  }

  /** Sets the capacity, and evicts what no longer fits. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#evictTo(capacity);
  }

  #evictTo(size: number): void {
    const length = this.#ring.length;
    while (this.#count > 0 && this.#size > size) {
      const oldest = (this.#newest - this.#count + 1 + length) % length;
      const field = this.#ring[oldest] as TableField;
      this.#ring[oldest] = undefined;
      this.#size -= fieldSize(field.name, field.value);
      this.#count -= 1;
    }
  }

  #grow(): void {
    const larger: (TableField | undefined)[] = new Array(Math.max(8, this.#ring.length * 2)).fill(undefined);
    for (let age = 0; age < this.#count; age++) larger[this.#count - 1 - age] = this.field(age);
    this.#ring = larger;
    this.#newest = this.#count - 1;
  }
}
