import { HUFFMAN_CODES, type HuffmanCode } from "./huffman-codes.js";

/** How long the Huffman form of the bytes is, bytes. */
export function huffmanLength(bytes: Uint8Array): number {
  let bits = 0;
  for (const byte of bytes) bits += (HUFFMAN_CODES[byte] as HuffmanCode).length;
  return Math.ceil(bits / 8);
}

/** The Huffman form of the bytes, padded with ones (RFC 7541 section 5.2). */
export function encodeHuffman(bytes: Uint8Array): Buffer {
  const target = Buffer.alloc(huffmanLength(bytes));
  let at = 0;
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    const { bits, length } = HUFFMAN_CODES[byte] as HuffmanCode;
    // At most 7 bits wait and a code has at most 30: more than a 32-bit shift holds, so the code goes in bit by bit groups.
    for (let left = length; left > 0; ) {
      const taken = Math.min(left, 8 - pendingBits);
      pending = (pending << taken) | ((bits >>> (left - taken)) & ((1 << taken) - 1));
      pendingBits += taken;
      left -= taken;
      if (pendingBits === 8) {
        target[at++] = pending;
        pending = 0;
        pendingBits = 0;
      }
    }
  }
  if (pendingBits > 0) target[at] = (pending << (8 - pendingBits)) | (0xff >> pendingBits);
  return target;
}
