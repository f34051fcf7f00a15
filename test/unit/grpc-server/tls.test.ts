import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { credentials, Metadata } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { GrpcServerOptions } from "../../../src/grpc-server/options.js";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import type { TlsSettings } from "../../../src/grpc-server/tls-settings.js";
import { replaceFile, TestAuthority } from "../../support/grpc/certificates.js";
import { callText, type TextAnswer } from "../../support/grpc/text-calls.js";
import { TextClient } from "../../support/grpc/text-service.js";

const UNARY = "/test.Text/Unary";

let authority: TestAuthority;
let own: { certFile: string; keyFile: string };
beforeAll(() => {
  authority = new TestAuthority();
  own = authority.sign("server");
});

const running: GrpcServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.shutdown(0);
});

async function start(tls: TlsSettings, options: GrpcServerOptions = {}): Promise<{ server: GrpcServer; port: number }> {
  const server = new GrpcServer(options);
  running.push(server);
  server.addUnary(UNARY, (message) => message);
  return { server, port: await server.listen({ host: "127.0.0.1", port: 0 }, tls) };
}

async function call(port: number, key?: string, cert?: string): Promise<TextAnswer> {
  const pair = key === undefined || cert === undefined ? [null, null] : [readFileSync(key), readFileSync(cert)];
  const client = new TextClient(
    `localhost:${port}`,
    credentials.createSsl(authority.ca, ...(pair as [Buffer, Buffer])),
  );
  const answer = await callText(client, "secret", new Metadata(), { deadline: Date.now() + 3_000 });
  client.close();
  return answer;
}

/** The name in the certificate that the server shows. */
async function shownName(port: number): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", ca: authority.ca, ALPNProtocols: ["h2"] });
  await once(socket, "secureConnect");
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

async function handshakeFails(socket: TLSSocket): Promise<void> {
  socket.on("error", () => {});
  socket.resume();
  await new Promise<void>((resolve) => socket.on("close", () => resolve()));
}

describe("TLS", () => {
  it("carries calls", async () => {
    const { port } = await start(own);
    expect((await call(port)).response).toBe("secret");
  });

  it("carries large answers and many calls", async () => {
    const { port } = await start(own);
    const client = new TextClient(`localhost:${port}`, credentials.createSsl(authority.ca));
    const texts = Array.from({ length: 50 }, (_, at) => String(at).padEnd(100_000, "."));
    const answers = await Promise.all(texts.map((text) => callText(client, text, new Metadata(), {})));
    expect(answers.map(({ response }) => response)).toEqual(texts);
    client.close();
  });

  it("is refused to clients without HTTP/2", async () => {
    const { port, server } = await start(own);
    await handshakeFails(connect({ port, host: "127.0.0.1", ca: authority.ca, ALPNProtocols: ["http/1.1"] }));
    await handshakeFails(connect({ port, host: "127.0.0.1", ca: authority.ca }));
    expect(server.counters.listeners.tlsFailures).toBe(2);
    expect(server.counters.h2.connectionsOpened).toBe(0);
  });

  it("on its port, what is no TLS is closed", async () => {
    const { port, server } = await start(own);
    const socket = connectTcp({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.end("GET / HTTP/1.1\r\n\r\n");
    socket.resume();
    await new Promise<void>((resolve) => socket.on("close", () => resolve()));
    await expect.poll(() => server.counters.listeners.tlsFailures).toBe(1);
  });

  it("gives up on a handshake that does not come to an end", async () => {
    const { port, server } = await start(own, { server: { tlsHandshakeMillis: 100 } });
    const socket = connectTcp({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.resume();
    await new Promise<void>((resolve) => socket.on("close", () => resolve()));
    await expect.poll(() => server.counters.listeners.tlsFailures).toBe(1);
  });

  it("does not start with files that do not belong together", async () => {
    const other = authority.sign("other");
    await expect(start({ certFile: own.certFile, keyFile: other.keyFile })).rejects.toThrow();
    await expect(start({ certFile: "/no/such/file", keyFile: own.keyFile })).rejects.toThrow("/no/such/file");
  });
});

describe("client certificates", () => {
  it("are asked for where there is an authority, and must be signed by it", async () => {
    const { port } = await start({ ...own, clientCaFile: authority.caFile });
    const good = authority.sign("client");
    expect((await call(port, good.keyFile, good.certFile)).response).toBe("secret");
    expect((await call(port)).error?.code).toBe(14);
    const stranger = new TestAuthority("stranger").sign("client");
    expect((await call(port, stranger.keyFile, stranger.certFile)).error?.code).toBe(14);
  });
});

describe("names in client certificates", () => {
  const asked = ["envoy.example.com", "spiffe://mesh/envoy", "10.1.2.3"];

  async function startNamed(clientNames: readonly string[]) {
    const refused: string[] = [];
    const tls = { ...own, clientCaFile: authority.caFile, clientNames };
    return { ...(await start(tls, { onClientRefused: (names) => refused.push(names) })), refused };
  }

  it.each([
    "DNS:envoy.example.com",
    "DNS:ENVOY.example.com",
    "DNS:*.example.com",
    "DNS:other,URI:spiffe://mesh/other,URI:spiffe://mesh/envoy",
    "IP:10.1.2.3",
  ])("let in whoever carries one of those that are asked for: %s", async (names) => {
    const { port, server } = await startNamed(asked);
    const { keyFile, certFile } = authority.sign("client", names);
    expect((await call(port, keyFile, certFile)).response).toBe("secret");
    expect(server.counters.listeners).toMatchObject({ tlsFailures: 0, clientNamesRefused: 0 });
  });

  it.each([
    "DNS:localhost",
    "DNS:example.com",
    "DNS:e*.example.com",
    "DNS:envoy.example.com.evil.org",
    "DNS:spiffe://mesh/envoy",
    "URI:spiffe://mesh/envoy/more",
    "URI:envoy.example.com",
    "@names\n[names]\nURI.1=a://b, URI:spiffe://mesh/envoy",
    "DNS:10.1.2.3",
    "email:envoy@example.com",
  ])("keep out whoever carries none of them: %s", async (names) => {
    const { port, server, refused } = await startNamed(asked);
    const { keyFile, certFile } = authority.sign("envoy.example.com", names);
    expect((await call(port, keyFile, certFile)).error?.code).toBe(14);
    expect(server.counters.listeners.clientNamesRefused).toBeGreaterThan(0);
    expect(server.counters.h2.connectionsOpened).toBe(0);
    expect(refused[0]).toMatch(/^[A-Za-z]+:/);
  });

  it("are looked at again when a session is taken up again", async () => {
    const { port, server } = await startNamed(asked);
    const { keyFile, certFile } = authority.sign("client", "DNS:envoy.example.com");
    const options = { port, host: "127.0.0.1", ca: authority.ca, ALPNProtocols: ["h2"] };
    const first = connect({ ...options, key: readFileSync(keyFile), cert: readFileSync(certFile) });
    const [session] = (await once(first, "session")) as [Buffer];
    first.destroy();
    const again = connect({ ...options, session });
    await once(again, "secureConnect");
    expect(again.isSessionReused()).toBe(true);
    await expect.poll(() => server.counters.h2.connectionsOpened).toBe(2);
    again.destroy();
    expect(server.counters.listeners.clientNamesRefused).toBe(0);
  });
});

describe("certificate files", () => {
  it("are read again when they change; while they are wrong the old ones stay", async () => {
    const first = authority.sign("rotating");
    const second = authority.sign("rotated");
    const faults: unknown[] = [];
    const options = { server: { certificateCheckMillis: 20 }, onFault: (error: unknown) => faults.push(error) };
    const { port, server } = await start(first, options);
    expect(await shownName(port)).toBe("rotating");

    writeFileSync(first.certFile, "no certificate");
    await expect.poll(() => server.counters.listeners.certificateFaults).toBeGreaterThan(0);
    expect(faults.length).toBeGreaterThan(0);
    expect(await shownName(port)).toBe("rotating");

    replaceFile(first.keyFile, second.keyFile);
    replaceFile(first.certFile, second.certFile);
    await expect.poll(() => server.counters.listeners.certificateReloads).toBe(1);
    expect(await shownName(port)).toBe("rotated");
    expect((await call(port)).response).toBe("secret");
  });

  it.each([
    ["none", () => ""],
    ["half a one", (pem: string) => pem.slice(0, pem.length / 2)],
    ["a whole one and half a one", (pem: string) => pem + pem.slice(0, pem.length / 2)],
  ])("with %s of the clients' authorities leave the old ones in force", async (_what, damage) => {
    const pem = authority.ca.toString();
    const clientCaFile = join(authority.folder, "authorities.crt");
    writeFileSync(clientCaFile, pem);
    const { port, server } = await start({ ...own, clientCaFile }, { server: { certificateCheckMillis: 20 } });
    const client = authority.sign("client");
    writeFileSync(clientCaFile, damage(pem));
    await expect.poll(() => server.counters.listeners.certificateFaults).toBeGreaterThan(0);
    expect((await call(port, client.keyFile, client.certFile)).response).toBe("secret");
  });
});
