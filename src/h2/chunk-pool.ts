/** The size of a piece of output: some hundred answers, or the largest frame that we send and its head. */
export const CHUNK_BYTES = 32_768;

/** Chunks kept for later. More than this are in use only when many peers are slow at once. */
const MAX_FREE = 64;

const free: Buffer[] = [];

/** Memory for output. It belongs to the taker until it is given back. */
export function takeChunk(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

/** Gives a chunk back that nobody will read or write any more. */
export function giveBackChunk(chunk: Buffer): void {
  if (free.length < MAX_FREE) free.push(chunk);
}
