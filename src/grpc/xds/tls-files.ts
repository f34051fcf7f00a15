import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";

/** Files in PEM for the way to the control plane. Each may be replaced while Weir runs. */
export interface XdsTlsFiles {
  /** Authorities that the server's certificate must come from. Absent: those that Node knows. */
  readonly caFile?: string;
  /** The certificate that is shown to the server; with its key or not at all. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** What the files held. */
export interface XdsCertificates {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads the files. @throws Error that names the file which cannot be read, or says that they are not good together */
export async function readXdsCertificates(files: XdsTlsFiles): Promise<XdsCertificates> {
  const certificates = await readAll(files);
  checkTogether(files, certificates);
  return certificates;
}

async function readAll(files: XdsTlsFiles): Promise<XdsCertificates> {
  const [ca, cert, key] = await Promise.all([files.caFile, files.certFile, files.keyFile].map(readPem));
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function checkTogether(files: XdsTlsFiles, certificates: XdsCertificates): void {
  try {
    createSecureContext(certificates);
    if (certificates.ca !== undefined) checkAuthorities(certificates.ca.toString());
  } catch (error) {
    const names = [files.caFile, files.certFile, files.keyFile].filter((file) => file !== undefined).join(", ");
    throw new Error(`the certificates in ${names} are not good: ${(error as Error).message}`, { cause: error });
  }
}

/** OpenSSL takes what it can read of them, though that be none, and then nobody is trusted. */
function checkAuthorities(pem: string): void {
  const each = pem.match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----.*?(?=-----BEGIN |$)/gs) ?? [""];
  for (const certificate of each) new X509Certificate(certificate);
}

async function readPem(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new Error(`the file ${file} cannot be read (${code})`, { cause: error });
  }
}

/**
 * Looks now and then whether the files hold something else that is good; then it has done its work. By what they hold:
 * those that Kubernetes mounts are links to folders which are swapped.
 * @returns stops it
 */
export function awaitRotation(
  files: XdsTlsFiles,
  current: XdsCertificates,
  everyMillis: number,
  onRotated: () => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const isRotated = await holdOthers(files, current);
    if (isStopped) return;
    if (isRotated) onRotated();
    else wait();
  };
  const wait = (): void => {
    timer = setTimeout(() => void look(), everyMillis).unref();
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Files that are not good are half a rotation, or a mistake which the open connection need not suffer from. */
async function holdOthers(files: XdsTlsFiles, current: XdsCertificates): Promise<boolean> {
  try {
    const found = await readAll(files);
    if (isSame(found, current)) return false;
    checkTogether(files, found);
    return true;
  } catch {
    return false;
  }
}

function isSame(a: XdsCertificates, b: XdsCertificates): boolean {
  return (["ca", "cert", "key"] as const).every((part) => {
    const [first, second] = [a[part], b[part]];
    return first === undefined ? second === undefined : second !== undefined && first.equals(second);
  });
}
