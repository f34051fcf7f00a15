/** A fault of the peer after which the connection cannot go on: it is told by GOAWAY with the code, then closed. */
export class ConnectionError extends Error {
  /** One of ERROR_CODE. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
  }
}
