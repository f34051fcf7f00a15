import { readFileSync } from "node:fs";
import { StartError } from "../start-error.js";

/** Fewer could be found by trying. */
const LEAST_BYTES = 16;

/**
 * Reads the secret under which values are hashed (D12). A line end after it does not count, since editors and `echo` add
 * one and replicas must have the same.
 * @throws StartError (2) the file cannot be read, or holds too little
 */
export function readHashSecret(path: string): Buffer {
  const secret = withoutLineEnd(readFile(path));
  if (secret.length >= LEAST_BYTES) return secret;
  const words = `the secret to hash keys with, ${path}, has ${secret.length} bytes and must have at least ${LEAST_BYTES}`;
  throw new StartError(2, [`${words}: make one with openssl rand -base64 32`]);
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StartError(2, [`the secret to hash keys with cannot be read: ${(error as Error).message}`], {
      cause: error,
    });
  }
}

function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) end -= bytes[end - 2] === 0x0d ? 2 : 1;
  return bytes.subarray(0, end);
}
