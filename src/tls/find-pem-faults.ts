import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { cannotBeRead, findAuthoritiesFault, type PemFiles } from "./certificates.js";

/** Which of the files. */
export type PemPart = "ca" | "cert" | "key";

/** What is wrong with one of the files. */
export interface PemFault {
  readonly part: PemPart;
  /** It goes on from "the file". */
  readonly message: string;
}

/** What is wrong with each of the files now: before they are used for the first time. */
export function findPemFaults({ caFile, certFile, keyFile }: PemFiles): PemFault[] {
  const faults: PemFault[] = [];
  const look = (part: PemPart, path: string | undefined, findFault: (pem: Buffer) => string | undefined): void => {
    if (path === undefined) return;
    const message = faultOfFile(path, findFault);
    if (message !== undefined) faults.push({ part, message });
  };
  let cert: Buffer | undefined;
  look("ca", caFile, findAuthoritiesFault);
  look("cert", certFile, (pem) => {
    if (!isUsable({ cert: pem })) return "contains no PEM certificate";
    cert = pem;
    return undefined;
  });
  look("key", keyFile, (pem) => {
    if (isUsable(cert === undefined ? { key: pem } : { key: pem, cert })) return undefined;
    return "contains no unencrypted PEM private key that matches the certificate";
  });
  return faults;
}

function faultOfFile(path: string, findFault: (pem: Buffer) => string | undefined): string | undefined {
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (error) {
    return cannotBeRead(error);
  }
  return findFault(pem);
}

function isUsable(options: SecureContextOptions): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}
