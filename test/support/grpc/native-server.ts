import { afterEach } from "vitest";
import type { GrpcServerOptions } from "../../../src/grpc-server/options.js";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import type { UnaryHandler } from "../../../src/grpc-server/unary-call.js";
import { RawClient } from "../h2/raw-client.js";

export const ECHO = "/test.Echo/Echo";

export interface NativeServer {
  readonly server: GrpcServer;
  readonly port: number;
  /** What the server reported as faults of its own. */
  readonly faults: unknown[];
}

const running: GrpcServer[] = [];
const clients: RawClient[] = [];

/** A server on a free port whose method ECHO answers with what it was sent; stopped after the test. */
export async function startNative(
  options: GrpcServerOptions = {},
  methods: Readonly<Record<string, UnaryHandler>> = {},
): Promise<NativeServer> {
  const faults: unknown[] = [];
  const server = new GrpcServer({ onFault: (error) => faults.push(error), ...options });
  server.addUnary(ECHO, (message) => message);
  for (const [path, handler] of Object.entries(methods)) server.addUnary(path, handler);
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  running.push(server);
  return { server, port, faults };
}

/** A greeted client, closed after the test. */
export async function openRaw(port: number, pairs: readonly (readonly [number, number])[] = []): Promise<RawClient> {
  const client = await RawClient.open(port, pairs);
  clients.push(client);
  return client;
}

/** A client that has sent nothing, closed after the test. */
export async function connectRaw(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const server of running.splice(0)) await server.shutdown(0);
});
