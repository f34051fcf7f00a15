import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/grpc/certificates.js";
import { startNative } from "../support/grpc/native-server.js";

const authority = new TestAuthority();
const tls = authority.sign("server");
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function start(server: object = {}) {
  const native = await startNative({ server });
  return { ...native, port: await native.server.listen({ host: "127.0.0.1", port: 0 }, tls) };
}

/** A connection that has said nothing. */
async function connectOnly(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  sockets.push(socket);
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  return socket;
}

describe("a peer that begins no handshake", () => {
  it("is closed after a time", async () => {
    const { port, server } = await start({ tlsHandshakeMillis: 100 });
    const socket = await connectOnly(port);
    await once(socket, "end");
    expect(server.counters.listeners.tlsFailures).toBe(1);
  });

  it("counts as a connection: more than may be open are closed at once", async () => {
    const { port, server } = await start({ maxConnections: 3 });
    const all: Socket[] = [];
    for (let at = 0; at < 10; at++) all.push(await connectOnly(port));
    await expect.poll(() => all.filter(({ readableEnded }) => readableEnded).length).toBe(7);
    expect(server.counters.connectionsRefused).toBe(7);
  });
});

describe("a peer that agrees on TLS and not on HTTP/2", () => {
  it("is closed for good, also when it never closes its own side", async () => {
    const { port, server } = await start();
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    const before = sockets();
    const inner = await connectOnly(port);
    const outer = connectTls({ socket: inner, ca: authority.ca, servername: "localhost" });
    outer.on("error", () => {});
    await expect.poll(() => server.counters.listeners.tlsFailures).toBe(1);
    // Only the peer's own side is left.
    await expect.poll(() => sockets() - before).toBe(1);
  });
});
