import { isIPv4, isIPv6 } from "node:net";
import type { ListenAddress } from "../http/listen-address.js";

const ADDRESS = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;
const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
/** What could be an IPv4 address must be one: `1.2.3.400` is a slip, not a host name. */
const ONLY_NUMBERS = /^[0-9.]+$/;

function isHost(host: string): boolean {
  return ONLY_NUMBERS.test(host) ? isIPv4(host) : HOST_NAME.test(host);
}

/** Reads `host:port` or `[::1]:port`; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, address6, host, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  if (address6 !== undefined) return isIPv6(address6) ? { host: address6, port } : undefined;
  return host !== undefined && isHost(host) ? { host, port } : undefined;
}
