import { isIPv4 } from "node:net";

/** A port of TCP. */
export interface TcpAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** A unix socket: a place in this machine's file system. */
export interface UnixSocket {
  /** Absolute. */
  readonly path: string;
  /** Its permissions, as chmod has them. Absent: what the process' umask leaves. */
  readonly mode?: number;
}

/** Where a server listens. */
export type ListenAddress = TcpAddress | UnixSocket;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "permission denied",
  ENOTFOUND: "no such host",
};

/** `host:port`, with brackets around IPv6, or `unix:/path`. */
export function formatAddress(address: ListenAddress): string {
  if ("path" in address) return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can reach it. @param host a name or an address, IPv6 without brackets */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/**
 * The error for a server that cannot listen, in one line.
 * @param protocol such as `gRPC`
 * @param cause what the system said; a known error code anywhere in its message is put into words
 */
export function listenFailure(protocol: string, address: ListenAddress, cause: Error): Error {
  const code = Object.keys(REASONS).find((known) => cause.message.includes(known));
  const reason = (code && REASONS[code]) ?? cause.message.replace(/\s+/g, " ");
  return new Error(`cannot listen for ${protocol} on ${formatAddress(address)}: ${reason}`, { cause });
}
