import { readFileSync } from "node:fs";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import type { CheckFlags } from "./check-arguments.js";

/**
 * How the server is reached: plain, or over TLS where any of its flags is given.
 * @returns words that say what is wrong, where something is
 */
export function readCredentials(flags: CheckFlags): ChannelCredentials | string {
  const { tls, "tls-ca": ca, "tls-cert": cert, "tls-key": key } = flags;
  if ((cert === undefined) !== (key === undefined)) return "--tls-cert and --tls-key must be given both or not at all";
  if (tls !== true && ca === undefined && cert === undefined) return credentials.createInsecure();
  try {
    const files = { ca: read("--tls-ca", ca), key: read("--tls-key", key), cert: read("--tls-cert", cert) };
    return createSsl(files.ca, files.key, files.cert);
  } catch (error) {
    return (error as Error).message;
  }
}

function read(flag: string, path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`${flag}: ${(error as Error).message}`, { cause: error });
  }
}

function createSsl(ca: Buffer | null, key: Buffer | null, cert: Buffer | null): ChannelCredentials {
  try {
    return credentials.createSsl(ca, key, cert);
  } catch (error) {
    throw new Error(`the files of --tls-ca, --tls-cert and --tls-key cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
