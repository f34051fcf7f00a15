const PLAIN = /^(?:[\x21-\x24\x26-\x7e](?:[\x20-\x24\x26-\x7e]*[\x21-\x24\x26-\x7e])?)?$/;

/**
 * A status message as `grpc-message` carries it: UTF-8 with all but printable ASCII, and the percent sign, as %XX. So are
 * spaces at its ends, where a field may have none.
 */
export function percentEncode(message: string): string {
  if (PLAIN.test(message)) return message;
  const bytes = Buffer.from(message, "utf8");
  let encoded = "";
  bytes.forEach((byte, at) => {
    const isInside = at > 0 && at < bytes.length - 1;
    const isPlain = byte > (isInside ? 0x1f : 0x20) && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return encoded;
}
