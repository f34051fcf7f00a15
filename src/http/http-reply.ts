/** An answer to an HTTP request. */
export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  /** Bytes where it was made of many pieces. */
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A plain text answer; the line end is added. */
export function textReply(status: number, text: string, headers?: Readonly<Record<string, string>>): HttpReply {
  const reply = { status, contentType: "text/plain; charset=utf-8", body: `${text}\n` };
  return headers === undefined ? reply : { ...reply, headers };
}

/** An answer whose body is JSON already. */
export function jsonReply(status: number, body: string): HttpReply {
  return { status, contentType: "application/json", body };
}
