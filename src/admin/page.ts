/** Something that a browser loads as it is. */
export interface Page {
  /** Such as `/` or `/console.css`. */
  readonly path: string;
  readonly contentType: string;
  readonly body: string | Buffer;
  /** Such as a content security policy. */
  readonly headers?: Readonly<Record<string, string>>;
}
