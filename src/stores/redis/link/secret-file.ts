import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** Longer ones are some other file. */
const MAX_BYTES = 4_096;

/**
 * Reads a secret that stands alone in a file. One line end after it does not belong to it.
 * @throws TypeError that says what is wrong, without the file's path and content
 */
export function readSecretFileSync(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(error);
  }
  return secretOf(bytes);
}

/** As `readSecretFileSync`, without holding up anything. */
export async function readSecretFile(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw unreadable(error);
  }
  return secretOf(bytes);
}

function unreadable(error: unknown): TypeError {
  return new TypeError(`cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
}

function secretOf(bytes: Buffer): string {
  if (bytes.length > MAX_BYTES) throw new TypeError(`is longer than ${MAX_BYTES} bytes`);
  const secret = bytes.toString("utf8").replace(/\r?\n$/, "");
  if (secret === "") throw new TypeError("is empty");
  return secret;
}
