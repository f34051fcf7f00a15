import type { IncomingMessage } from "node:http";

/** How much of a body that is too large is read and dropped, so that the client gets to read why it was refused. */
const PATIENCE_FACTOR = 16;

/** The bytes of a body, or why there are none. */
export type Body = { readonly bytes: Buffer } | { readonly failure: "too_large" | "aborted" };

/** Reads a request's body of at most so many bytes. Never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else chunks = [];
      if (size > maxBytes * PATIENCE_FACTOR) resolve({ failure: "too_large" });
    });
    request.on("end", () => resolve(size > maxBytes ? { failure: "too_large" } : { bytes: Buffer.concat(chunks) }));
    request.on("error", () => resolve({ failure: "aborted" }));
    request.on("close", () => resolve({ failure: "aborted" }));
  });
}
