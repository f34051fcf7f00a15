import { constants } from "node:crypto";
import { once } from "node:events";
import { chmod, lstat, unlink } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import type { ListenAddress } from "../net/listen-address.js";
import { type Certificates, readCertificates } from "../tls/certificates.js";
import { watchCertificates } from "../tls/watch-certificates.js";
import { holdsName } from "./certificate-names.js";
import { pemFilesOf, type TlsSettings } from "./tls-settings.js";

/** What listeners count. */
export interface ListenerCounters {
  /** TLS connections that did not come to an agreement. */
  tlsFailures: number;
  /** Clients whose certificate carries none of the names that are asked for. */
  clientNamesRefused: number;
  /** Certificate files that were new and good. */
  certificateReloads: number;
  /** Looks at certificate files that were not good. */
  certificateFaults: number;
}

export interface ListenerOptions {
  readonly counters: ListenerCounters;
  /** How long a TLS handshake may take, milliseconds. */
  readonly tlsHandshakeMillis: number;
  /** How often certificate files are looked at, milliseconds. */
  readonly certificateCheckMillis: number;
  /** Connections open at once, those that are still shaking hands included; more are closed at once. */
  readonly maxConnections: number;
  readonly onSocket: (socket: Socket) => void;
  /** A client was refused for the names in its certificate, which are given. */
  readonly onClientRefused: (names: string) => void;
  /** A connection was one too many. */
  readonly onDropped: () => void;
  readonly onFault: (error: unknown) => void;
}

/** A place where connections are taken. */
export interface Listener {
  /** 0 for a unix socket. */
  readonly port: number;
  /** Takes no more; those that were taken live on. */
  close(): void;
}

/** Starts to take connections. @throws Error where it cannot */
export async function startListener(
  address: ListenAddress,
  tls: TlsSettings | undefined,
  options: ListenerOptions,
): Promise<Listener> {
  const certificates = tls === undefined ? undefined : await readCertificates(pemFilesOf(tls));
  const server =
    certificates === undefined ? plainServer(options) : tlsServer(certificates, tls?.clientNames ?? [], options);
  server.maxConnections = options.maxConnections;
  server.on("drop", options.onDropped);
  if ("path" in address) await removeStaleSocket(address.path);
  server.listen(address);
  await once(server, "listening");
  if ("path" in address && address.mode !== undefined) await chmod(address.path, address.mode);
  server.on("error", options.onFault);
  const stopWatching =
    tls === undefined || certificates === undefined
      ? undefined
      : keepCertificates(server as TlsServer, tls, certificates, options);
  return {
    port: "path" in address ? 0 : (server.address() as AddressInfo).port,
    close() {
      stopWatching?.();
      server.close();
    },
  };
}

function plainServer(options: ListenerOptions): Server {
  return createServer({ noDelay: true }, options.onSocket);
}

function tlsServer(certificates: Certificates, clientNames: readonly string[], options: ListenerOptions): TlsServer {
  const server = createTlsServer({
    ...certificates,
    ...verification(certificates),
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.2",
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: options.tlsHandshakeMillis,
    noDelay: true,
  });
  server.on("tlsClientError", (_error, socket) => {
    options.counters.tlsFailures += 1;
    socket.destroy();
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    // RFC 9113 section 3.2: over TLS, HTTP/2 is what both have agreed on, or it is not.
    if (socket.alpnProtocol !== "h2") turnAway(socket, options.counters);
    else if (isNamed(socket, clientNames, options)) options.onSocket(socket);
    else turnAway(socket, options.counters);
  });
  return server;
}

/** Node has no say while hands are shaken; nothing that a client has sent was looked at yet. */
function isNamed(socket: TLSSocket, names: readonly string[], options: ListenerOptions): boolean {
  if (names.length === 0) return true;
  const certificate = socket.getPeerX509Certificate();
  if (certificate !== undefined && names.some((name) => holdsName(certificate, name))) return true;
  options.counters.clientNamesRefused += 1;
  options.onClientRefused(certificate?.subjectAltName ?? "");
  return false;
}

/** Not `end`: nobody looks after this socket, and a peer that never closes its side would keep it for ever. */
function turnAway(socket: TLSSocket, counters: ListenerCounters): void {
  counters.tlsFailures += 1;
  socket.on("error", () => socket.destroy());
  socket.destroySoon();
}

function verification(certificates: Certificates): { requestCert: boolean; rejectUnauthorized: boolean } {
  const isAsked = certificates.ca !== undefined;
  return { requestCert: isAsked, rejectUnauthorized: isAsked };
}

function keepCertificates(
  server: TlsServer,
  tls: TlsSettings,
  certificates: Certificates,
  { counters, certificateCheckMillis, onFault }: ListenerOptions,
): () => void {
  return watchCertificates(pemFilesOf(tls), certificates, certificateCheckMillis, {
    onChanged(changed) {
      counters.certificateReloads += 1;
      server.setSecureContext(changed);
    },
    onFault(error) {
      counters.certificateFaults += 1;
      onFault(error);
    },
  });
}

/** A socket file that nobody listens on is left over from a process that was killed. */
async function removeStaleSocket(path: string): Promise<void> {
  const probe = connect({ path });
  try {
    await once(probe, "connect");
  } catch (error) {
    const isRefused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
    if (isRefused && (await lstat(path)).isSocket()) await unlink(path);
  } finally {
    probe.destroy();
  }
}
