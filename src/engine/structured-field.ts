/** The largest Integer of a structured field (RFC 9651, section 3.3.1). */
const MAX_INTEGER = 999_999_999_999_999;

const NOT_PRINTABLE_ASCII = /[^\x20-\x7e]/gu;

/**
 * Text as a header may carry it, and as a String of structured fields may: what is not printable ASCII as the `%XX` of its
 * bytes in UTF-8.
 */
export function printableText(text: string): string {
  return text.replace(NOT_PRINTABLE_ASCII, (character) => {
    return Buffer.from(character).toString("hex").toUpperCase().replace(/../g, "%$&");
  });
}

/** A String (RFC 9651, section 3.3.3) of printable ASCII. */
export function stringItem(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A whole number that is not negative as an Integer, the largest one if it is larger. */
export function integerItem(value: number): string {
  return String(Math.min(value, MAX_INTEGER));
}
