import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { readPemFiles } from "../../tls/certificates.js";
import { findPemFaults } from "../../tls/find-pem-faults.js";
import type { CheckFlags } from "./check-arguments.js";

/**
 * How the server is reached: plain, or over TLS where any of its flags is given.
 * @returns words that say what is wrong, where something is
 */
export async function readCredentials(flags: CheckFlags): Promise<ChannelCredentials | string> {
  const { tls, "tls-ca": caFile, "tls-cert": certFile, "tls-key": keyFile } = flags;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    return "--tls-cert and --tls-key must be set together";
  }
  if (tls !== true && caFile === undefined && certFile === undefined) return credentials.createInsecure();
  const files = { caFile, certFile, keyFile };
  const faults = findPemFaults(files);
  if (faults.length > 0) return faults.map(({ part, message }) => `--tls-${part}: the file ${message}`).join("; ");
  const { ca = null, key = null, cert = null } = await readPemFiles(files);
  return credentials.createSsl(ca, key, cert);
}
