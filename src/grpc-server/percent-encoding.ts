const PLAIN = /^[\x20-\x24\x26-\x7e]*$/;

/** A status message as `grpc-message` carries it: UTF-8 with all but printable ASCII, and the percent sign, as %XX. */
export function percentEncode(message: string): string {
  if (PLAIN.test(message)) return message;
  let encoded = "";
  for (const byte of Buffer.from(message, "utf8")) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
