import type { PemFiles } from "../tls/certificates.js";

/** TLS of a listener; the files are PEM. They are read again when they change. */
export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  /** With it, clients must show a certificate that one of these authorities has signed. */
  readonly clientCaFile?: string;
  /** Such a certificate must carry one of these as subject alternative name: DNS names, addresses, URIs. Empty: any. */
  readonly clientNames?: readonly string[];
}

export function pemFilesOf({ certFile, keyFile, clientCaFile: caFile }: TlsSettings): PemFiles {
  return { certFile, keyFile, caFile };
}
