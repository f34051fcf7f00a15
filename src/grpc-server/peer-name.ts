import type { Socket } from "node:net";

/** The peer's address as grpc-js writes it: `address:port`, or what there is of it. */
export function peerName(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return "unix";
  return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`;
}
