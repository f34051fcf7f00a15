let clients = 0;

/** An address of 127.0.0.0/8 that no client of this test file has used: its buckets are full. */
export function newClient(): string {
  clients++;
  return `127.1.${clients >> 8}.${clients & 255}`;
}
