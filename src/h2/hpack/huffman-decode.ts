import { HpackError } from "./hpack-error.js";
import { END_OF_STRING, HUFFMAN_CODES } from "./huffman-codes.js";

/**
 * Decoding walks a machine of four bits a step. A state is an inner node of the code's tree; a step from it is a number:
 * bits 0-7 the next state, bits 8-15 the byte that was completed, EMITS set where there is one, ENDS where a string may
 * stop after it (nothing or at most seven ones are left over), INVALID where the step would complete END_OF_STRING.
 * No code is shorter than five bits, so a step completes at most one byte.
 */
const EMITS = 1 << 16;
const ENDS = 1 << 17;
const INVALID = 1 << 18;

const STEPS = buildSteps();

/**
 * Decodes a Huffman string of RFC 7541 section 5.2 from `bytes` between `start` and `end` to `target`, from its beginning.
 *
 * @param target must have room for 8/5 of the encoded length
 * @returns the number of bytes decoded
 * @throws HpackError on a padding that is too long or not all ones, and on an end-of-string symbol
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let step = ENDS;
  let written = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    step = STEPS[((step & 0xff) << 4) | (byte >> 4)] as number;
    if (step & EMITS) target[written++] = (step >> 8) & 0xff;
    if (step & INVALID) throw new HpackError("end of string inside a Huffman string");
    step = STEPS[((step & 0xff) << 4) | (byte & 0xf)] as number;
    if (step & EMITS) target[written++] = (step >> 8) & 0xff;
    if (step & INVALID) throw new HpackError("end of string inside a Huffman string");
  }
  if (!(step & ENDS)) throw new HpackError("a Huffman string with wrong padding");
  return written;
}

/** An inner node of the tree: children are states, or symbols written as -1 - symbol. */
interface Node {
  readonly children: [number, number];
  /** Whether the way here from the root is nothing but ones, at most seven of them. */
  readonly isPadding: boolean;
}

function buildSteps(): Uint32Array {
  const nodes = buildTree();
  const steps = new Uint32Array(nodes.length * 16);
  for (let state = 0; state < nodes.length; state++) {
    for (let nibble = 0; nibble < 16; nibble++) steps[(state << 4) | nibble] = stepOf(nodes, state, nibble);
  }
  return steps;
}

function stepOf(nodes: readonly Node[], from: number, nibble: number): number {
  let state = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = (nodes[state] as Node).children[((nibble >> bit) & 1) as 0 | 1];
    if (child >= 0) {
      state = child;
      continue;
    }
    const symbol = -1 - child;
    if (symbol === END_OF_STRING) return INVALID;
    emitted = EMITS | (symbol << 8);
    state = 0;
  }
  return emitted | state | ((nodes[state] as Node).isPadding ? ENDS : 0);
}

function buildTree(): Node[] {
  const nodes: Node[] = [{ children: [0, 0], isPadding: true }];
  HUFFMAN_CODES.forEach(({ bits, length }, symbol) => {
    let state = 0;
    for (let depth = 1; depth <= length; depth++) {
      const bit = ((bits >> (length - depth)) & 1) as 0 | 1;
      const node = nodes[state] as Node;
      if (depth === length) {
        node.children[bit] = -1 - symbol;
      } else {
        if (node.children[bit] === 0) {
          nodes.push({ children: [0, 0], isPadding: node.isPadding && bit === 1 && depth <= 7 });
          node.children[bit] = nodes.length - 1;
        }
        state = node.children[bit];
      }
    }
  });
  return nodes;
}
