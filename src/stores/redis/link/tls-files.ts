import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";

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
