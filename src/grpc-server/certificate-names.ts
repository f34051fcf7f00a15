import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** One entry of the text that Node makes of a certificate's names: `URI:spiffe://a`, quoted where it must be. */
const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * Whether a certificate carries a name among its subject alternative names. The subject itself is not looked at.
 *
 * @param name a DNS name, of which the first label may be met by `*` in the certificate; an IP address; or a URI, which
 * must be the same to the letter
 */
export function holdsName(certificate: X509Certificate, name: string): boolean {
  if (name.includes("://")) return urisOf(certificate).includes(name);
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { subject: "never", partialWildcards: false }) !== undefined;
}

function urisOf({ subjectAltName }: X509Certificate): string[] {
  const text = subjectAltName ?? "";
  const uris: string[] = [];
  ENTRY.lastIndex = 0;
  for (let match = ENTRY.exec(text); match !== null; match = ENTRY.exec(text)) {
    const [, kind, value = ""] = match;
    if (kind === "URI") uris.push(value.startsWith('"') ? (JSON.parse(value) as string) : value);
    if (ENTRY.lastIndex === text.length) break;
  }
  return uris;
}
