import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type ConnectionOptions, createSecureContext } from "node:tls";

/** Files in PEM for connections over TLS. Each may be replaced while Weir runs. */
export interface TlsFiles {
  /** Authorities that the server's certificate must come from. Absent: those that Node knows. */
  readonly caFile?: string | undefined;
  /** The certificate that is shown to the server; with its key or not at all. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The name that the server's certificate must carry. Absent: the host's. */
  readonly serverName?: string | undefined;
  /** False: it may carry any name. Default true. */
  readonly verifiesName?: boolean;
}

/** The files as they are now, for one connection. Rejects with the file system's error. */
export async function readTlsFiles(files: TlsFiles): Promise<ConnectionOptions> {
  const { caFile, certFile, keyFile, serverName, verifiesName = true } = files;
  const read = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verifiesName ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** What is wrong with each of the files, in words that go on from their setting's name. */
export function findTlsFaults({
  caFile,
  certFile,
  keyFile,
}: TlsFiles): { part: "ca" | "cert" | "key"; words: string }[] {
  const faults: { part: "ca" | "cert" | "key"; words: string }[] = [];
  const look = (part: "ca" | "cert" | "key", path: string | undefined, check: (pem: Buffer) => void): void => {
    if (path === undefined) return;
    try {
      check(readFileSync(path));
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      const isUnread = syscall !== undefined;
      faults.push({ part, words: isUnread ? `cannot be read (${code})` : PEM_FAULTS[part] });
    }
  };
  let cert: Buffer | undefined;
  look("ca", caFile, (pem) => void new X509Certificate(pem));
  look("cert", certFile, (pem) => {
    createSecureContext({ cert: pem });
    cert = pem;
  });
  look("key", keyFile, (pem) => void createSecureContext(cert === undefined ? { key: pem } : { key: pem, cert }));
  return faults;
}

const PEM_FAULTS = {
  ca: "holds no certificate in PEM",
  cert: "holds no certificate in PEM",
  key: "holds no key in PEM without a passphrase that belongs to the certificate",
};
