import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { TlsSettings } from "./tls-settings.js";

/** What the files held, as node's TLS takes it. */
export interface Certificates {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

/** Reads certificate and key. @throws Error where a file cannot be read, or they do not belong together */
export async function readCertificates(settings: TlsSettings): Promise<Certificates> {
  const files = [settings.certFile, settings.keyFile, settings.clientCaFile];
  const [cert, key, ca] = await Promise.all(files.map((file) => (file === undefined ? undefined : readFile(file))));
  const certificates = { cert: cert as Buffer, key: key as Buffer, ...(ca === undefined ? {} : { ca }) };
  createSecureContext(certificates);
  return certificates;
}

/**
 * Looks at the files now and then, by what they hold: those that Kubernetes mounts are links to folders which are swapped.
 *
 * @param onChanged given what is new and good
 * @param onFault given the error while the files are not good; what was read before stays in force
 * @returns stops it
 */
export function watchCertificates(
  settings: TlsSettings,
  first: Certificates,
  everyMillis: number,
  onChanged: (certificates: Certificates) => void,
  onFault: (error: unknown) => void,
): () => void {
  let current = first;
  let isReading = false;
  const look = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    try {
      const found = await readCertificates(settings);
      if (isSame(found, current)) return;
      current = found;
      onChanged(found);
    } catch (error) {
      onFault(error);
    } finally {
      isReading = false;
    }
  };
  const timer = setInterval(() => void look(), everyMillis);
  timer.unref();
  return () => clearInterval(timer);
}

function isSame(a: Certificates, b: Certificates): boolean {
  const sameAuthority = a.ca === undefined ? b.ca === undefined : b.ca !== undefined && a.ca.equals(b.ca);
  return a.cert.equals(b.cert) && a.key.equals(b.key) && sameAuthority;
}
