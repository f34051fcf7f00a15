/**
 * The lengths in bits of the codes of RFC 7541 appendix B, for the bytes 0 to 255 and, last, the end of the string.
 * That code is canonical (codes of one length follow each other in the order of their bytes), so lengths say it all.
 */
// biome-ignore format: sixteen bytes a line
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/** The symbol that no string may hold. */
export const END_OF_STRING = 256;

export interface HuffmanCode {
  readonly bits: number;
  readonly length: number;
}

/** Codes by symbol. */
export const HUFFMAN_CODES: readonly HuffmanCode[] = canonicalCodes();

function canonicalCodes(): HuffmanCode[] {
  const codes: HuffmanCode[] = LENGTHS.map((length) => ({ bits: 0, length }));
  const inOrder = LENGTHS.map((length, symbol) => ({ length, symbol }));
  inOrder.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let bits = 0;
  let previous = 0;
  for (const { length, symbol } of inOrder) {
    bits <<= length - previous;
    codes[symbol] = { bits, length };
    bits += 1;
    previous = length;
  }
  return codes;
}
