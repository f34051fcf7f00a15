import type { ConnectionOptions } from "node:tls";
import { type PemFiles, readPemFiles } from "../../../tls/certificates.js";

/** Files and names for connections over TLS. Each file may be replaced while Weir runs. */
export interface TlsFiles extends PemFiles {
  /** The name that the server's certificate must carry. Absent: the host's. */
  readonly serverName?: string | undefined;
  /** False: it may carry any name. Default true. */
  readonly verifiesName?: boolean;
}

/** The files as they are now, for one connection. Rejects with an error that names the file which cannot be read. */
export async function readTlsFiles({
  serverName,
  verifiesName = true,
  ...files
}: TlsFiles): Promise<ConnectionOptions> {
  return {
    ...(await readPemFiles(files)),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verifiesName ? {} : { checkServerIdentity: () => undefined }),
  };
}
