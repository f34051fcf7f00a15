import { isIPv4, isIPv6 } from "node:net";
import type { ListenAddress, TcpAddress, UnixSocket } from "../net/listen-address.js";

const ADDRESS = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;
const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
/** What could be an IPv4 address must be one: `1.2.3.400` is a slip, not a host name. */
const ONLY_NUMBERS = /^[0-9.]+$/;

function isHost(host: string): boolean {
  return ONLY_NUMBERS.test(host) ? isIPv4(host) : HOST_NAME.test(host);
}

/** Reads `host:port` or `[::1]:port`; undefined for anything else. */
export function parseTcpAddress(text: string): TcpAddress | undefined {
  const [, address6, host, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  if (address6 !== undefined) return isIPv6(address6) ? { host: address6, port } : undefined;
  return host !== undefined && isHost(host) ? { host, port } : undefined;
}

/** Reads `unix:/path`, `host:port` or `[::1]:port`; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  return parseUnixSocket(text) ?? parseTcpAddress(text);
}

/** The kernel has room for so many bytes of a path. */
const LONGEST_SOCKET_PATH = 107;

function parseUnixSocket(text: string): UnixSocket | undefined {
  const path = text.startsWith("unix:/") ? text.slice("unix:".length) : "";
  return path.length > 1 && !path.includes("\0") && Buffer.byteLength(path) <= LONGEST_SOCKET_PATH
    ? { path }
    : undefined;
}
