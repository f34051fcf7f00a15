import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";

/** Files in PEM for one side of TLS. Each may be replaced while they are used. */
export interface PemFiles {
  /** Authorities that the other side's certificate must come from. */
  readonly caFile?: string | undefined;
  /** The certificate that is shown to it; with its key or not at all. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** What the files held, as Node's TLS takes it. */
export interface Certificates {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads the files. @throws Error that names the file which cannot be read, or says that they are not good together */
export async function readCertificates(files: PemFiles): Promise<Certificates> {
  const { caFile, certFile, keyFile } = files;
  const certificates = await readPemFiles(files);
  const fault = certificates.ca === undefined ? undefined : findAuthoritiesFault(certificates.ca);
  if (fault !== undefined) throw new Error(`the file ${caFile} ${fault}`);
  try {
    createSecureContext(certificates);
  } catch (error) {
    const names = [caFile, certFile, keyFile].filter((file) => file !== undefined).join(", ");
    throw new Error(`the certificate files ${names} cannot be used together: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return certificates;
}

/** Reads the files, whatever they hold. @throws Error that names the file which cannot be read */
export async function readPemFiles({ caFile, certFile, keyFile }: PemFiles): Promise<Certificates> {
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(readPem));
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** Why a file could not be read, in words that go on from its name. @param error the file system's */
export function cannotBeRead(error: unknown): string {
  return `cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`;
}

/**
 * What is wrong with certificates of authorities, in words that go on from "the file"; undefined: nothing. OpenSSL takes
 * what it can read of them, though that be none, and then nobody is trusted.
 */
export function findAuthoritiesFault(pem: Buffer): string | undefined {
  const each = pem.toString().match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----.*?(?=-----BEGIN |$)/gs) ?? [];
  if (each.length === 0) return "contains no PEM certificate";
  return each.every(isCertificate) ? undefined : "contains a truncated or corrupt certificate";
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

async function readPem(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    throw new Error(`the file ${file} ${cannotBeRead(error)}`, { cause: error });
  }
}
