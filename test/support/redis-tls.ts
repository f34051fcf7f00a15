import { freePort } from "./free-port.js";
import type { TestAuthority } from "./grpc/certificates.js";
import { type RedisServer, type RedisServerOptions, startRedis } from "./redis-server.js";

/** A real redis-server that also listens with TLS, and takes only clients with a certificate of the authority. */
export interface TlsRedis extends RedisServer {
  /** `rediss://127.0.0.1:...`. `url` is the plain port, for the test's own commands. */
  readonly tlsUrl: string;
  /** Arguments as they are: another server with them has the same certificate. */
  readonly tlsArgs: readonly string[];
}

/** Starts it with a certificate that the authority signs for localhost and 127.0.0.1. */
export async function startTlsRedis(authority: TestAuthority, options: RedisServerOptions = {}): Promise<TlsRedis> {
  const port = await freePort();
  const tlsArgs = tlsArguments(authority, port);
  const server = await startRedis({ ...options, args: [...tlsArgs, ...(options.args ?? [])] });
  return { ...server, tlsUrl: `rediss://127.0.0.1:${port}`, tlsArgs };
}

/** Arguments that make redis-server listen with TLS on this port. Each is a word. */
function tlsArguments(authority: TestAuthority, port: number): string[] {
  const { certFile, keyFile } = authority.sign("redis-server");
  return [
    ...["--tls-port", String(port), "--tls-cert-file", certFile, "--tls-key-file", keyFile],
    ...["--tls-ca-cert-file", authority.caFile, "--tls-auth-clients", "yes"],
  ];
}
