/** A header block that cannot be read. Its table is in doubt from then on: COMPRESSION_ERROR for the connection. */
export class HpackError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "HpackError";
  }
}
