import { replaceIn } from "./envoy.js";

/**
 * A change of the configuration that makes Envoy call all of these Weirs in turn.
 * @param ports of the Weirs; the first is the one that Envoy was told as `weirPort`
 */
export function callAllOf(ports: readonly number[]): (yaml: string) => string {
  const indent = "\n              ";
  const addresses = ports.map((port) => `socket_address: { address: 127.0.0.1, port_value: ${port} }`);
  const endpoints = addresses.join(`${indent}- endpoint:${indent}    address:${indent}        `);
  return (yaml) => replaceIn(yaml, addresses[0] ?? "", endpoints);
}
