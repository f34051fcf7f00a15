/** A header; its name is in lower case. */
export interface HeaderField {
  readonly key: string;
  readonly value: string;
}
