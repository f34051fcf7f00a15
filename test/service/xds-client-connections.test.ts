import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type ClientUnderTest, startClient } from "../support/ads-client-under-test.js";
import { ControlPlane, type ControlPlaneTls } from "../support/control-plane.js";
import { startTcpProxy } from "../support/faults/tcp-proxy.js";
import { freePort } from "../support/free-port.js";
import { replaceFile, TestAuthority } from "../support/grpc/certificates.js";
import { until } from "../support/until.js";

// The client's connections to a control plane: certificates that are wrong or change, networks that go silent.

const NOTHING = { name: "a", domain: "a", descriptors: [] };

/** Which of them is a matter of who is first: the control plane's words, or the end of the connection. */
const TURNED_AWAY =
  /^UNAVAILABLE: (tlsv13 alert [a-z ]+|read ECONNRESET|the connection was closed before HTTP\/2 was established: .*)$/;

let authority: TestAuthority;
const planes: ControlPlane[] = [];
const listeners: { readonly close: () => void }[] = [];

beforeAll(() => {
  authority = new TestAuthority();
});

afterEach(() => {
  for (const plane of planes.splice(0)) plane.stop();
  for (const listener of listeners.splice(0)) listener.close();
});

function certificatesOf(from: TestAuthority, commonName: string, clientCa = from): ControlPlaneTls {
  const { certFile, keyFile } = from.sign(commonName);
  return { ca: clientCa.ca, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

async function startPlane(tls?: ControlPlaneTls): Promise<ControlPlane> {
  const plane = await ControlPlane.start(tls);
  planes.push(plane);
  return plane;
}

/** Files of their own for a client, which a test may change. */
function clientFiles(commonName: string, from = authority, ca = authority) {
  const folder = join(authority.folder, `files-${commonName}`);
  mkdirSync(folder);
  const files = { caFile: join(folder, "ca.crt"), certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") };
  const signed = from.sign(commonName);
  replaceFile(files.caFile, ca.caFile);
  replaceFile(files.certFile, signed.certFile);
  replaceFile(files.keyFile, signed.keyFile);
  return files;
}

function firstReason({ disconnects }: ClientUnderTest): Promise<string> {
  return until("it is told why there is no connection", () => disconnects[0]?.reason);
}

describe("over TLS", () => {
  it("the client shows its certificate, and takes rules", async () => {
    const plane = await startPlane(certificatesOf(authority, "plane"));
    const client = startClient(plane.port, { tls: clientFiles("weir") });
    await client.connected();
    expect(await plane.answerTo(plane.set(NOTHING))).toMatchObject({ ack: true });
    expect(plane.requests[0]).toMatchObject({ client: "weir" });
  });

  it("a control plane of another authority is refused with words", async () => {
    const plane = await startPlane(certificatesOf(new TestAuthority("stranger"), "plane", authority));
    const client = startClient(plane.port, { tls: clientFiles("distrustful") });
    expect(await firstReason(client)).toMatch(/^UNAVAILABLE: (unable to verify|self[- ]signed|unable to get)/);
    expect(plane.streamsMade).toBe(0);
  });

  it("a control plane must carry the host's name, or the one that was set", async () => {
    const plane = await startPlane(certificatesOf(authority, "plane"));
    const files = clientFiles("named");
    const strange = startClient(plane.port, { tls: { ...files, serverName: "elsewhere.example" } });
    expect(await firstReason(strange)).toMatch(/^UNAVAILABLE: Hostname\/IP does not match .*elsewhere\.example/);
    await startClient(plane.port, { tls: { ...files, serverName: "localhost" } }).connected();
  });

  it("a client without a certificate, or with one of another authority, is told that it was turned away", async () => {
    const plane = await startPlane(certificatesOf(authority, "plane"));
    const none = startClient(plane.port, { tls: { caFile: authority.caFile } });
    expect(await firstReason(none)).toMatch(TURNED_AWAY);
    const wrong = startClient(plane.port, { tls: clientFiles("stranger", new TestAuthority("stranger")) });
    expect(await firstReason(wrong)).toMatch(TURNED_AWAY);
    expect(plane.streamsMade).toBe(0);
  });

  it("a file that is not there is named, and looked for again", async () => {
    const plane = await startPlane(certificatesOf(authority, "plane"));
    const files = clientFiles("late");
    renameSync(files.certFile, `${files.certFile}.away`);
    const client = startClient(plane.port, { tls: files });
    expect(await firstReason(client)).toBe(`the file ${files.certFile} cannot be read (ENOENT)`);
    renameSync(`${files.certFile}.away`, files.certFile);
    await client.connected();
  });
});

describe("certificate files that change", () => {
  it("are shown on a new connection, which is made for it; files that are not good change nothing", async () => {
    const plane = await startPlane(certificatesOf(authority, "plane"));
    const files = clientFiles("old");
    const client = startClient(plane.port, { tls: files, certificateCheckMillis: 50 });
    await client.connected();
    await plane.answerTo(plane.set(NOTHING));
    const { certFile, keyFile } = authority.sign("new");
    // Half a rotation: this key is not of that certificate.
    replaceFile(files.certFile, certFile);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.disconnects).toEqual([]);
    replaceFile(files.keyFile, keyFile);
    await until("the new certificate is shown", () => plane.requests.find((request) => request.client === "new"));
    expect(client.disconnects).toMatchObject([{ reason: "the certificate files have changed", retryMillis: 0 }]);
    await client.connected();
    expect(await plane.answerTo(plane.set(NOTHING))).toMatchObject({ ack: true });
  });

  it("change nothing while authorities are cut off, which OpenSSL takes for none", async () => {
    const plane = await startPlane(certificatesOf(authority, "plane"));
    const files = clientFiles("cut");
    const whole = readFileSync(files.caFile, "utf8");
    const client = startClient(plane.port, { tls: files, certificateCheckMillis: 20 });
    await client.connected();
    for (const part of ["", whole.slice(0, 100), `${whole}${whole.slice(0, 100)}`]) {
      writeFileSync(files.caFile, part);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(client.disconnects).toEqual([]);
    writeFileSync(files.caFile, `# Two of them.\n${whole}${whole}`);
    await until("it is connected anew", () => plane.streamsMade > 1 || undefined);
  });

  it("are those of the next connection, so that a new authority on both sides is survived", async () => {
    const plane = await startPlane(certificatesOf(authority, "plane"));
    const files = clientFiles("survivor");
    const client = startClient(plane.port, { tls: files, certificateCheckMillis: 50 });
    await client.connected();
    const next = new TestAuthority("next");
    plane.stop();
    await plane.start(certificatesOf(next, "plane"));
    await until(
      "the new one is not trusted",
      () => client.disconnects.some(({ reason }) => /verify|self|issuer/.test(reason)) || undefined,
    );
    const signed = next.sign("survivor");
    replaceFile(files.caFile, next.caFile);
    writeFileSync(files.keyFile, readFileSync(signed.keyFile));
    writeFileSync(files.certFile, readFileSync(signed.certFile));
    await until("it is connected again", () => client.subscription.status.connected || undefined, 20_000);
  });
});

describe("a network that goes silent", () => {
  it("is found out by keepalive, and left for a new connection", async () => {
    const plane = await startPlane();
    const proxy = await startTcpProxy(plane.port);
    try {
      const client = startClient(proxy.port, { keepaliveMillis: 300, keepaliveTimeoutMillis: 300 });
      await client.connected();
      await plane.answerTo(plane.set(NOTHING));
      proxy.hold();
      expect(await firstReason(client)).toMatch(/^UNAVAILABLE: /);
      expect(client.subscription.status).toMatchObject({ connected: false, version: "1" });
      proxy.resume();
      await client.connected();
      expect(await plane.answerTo(plane.set(NOTHING))).toMatchObject({ ack: true });
    } finally {
      await proxy.close();
    }
  });

  it("does not count as one where the control plane has only nothing to say", async () => {
    const plane = await startPlane();
    plane.isSilent = true;
    plane.set(NOTHING);
    const client = startClient(plane.port, { keepaliveMillis: 200, keepaliveTimeoutMillis: 200 });
    await client.connected();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(client.disconnects).toEqual([]);
    plane.isSilent = false;
    expect(await plane.answerTo(plane.set(NOTHING))).toMatchObject({ ack: true });
  });

  it("is given up where somebody takes the connection and never says a word, and leaves nothing behind", async () => {
    const mute = await startListener(() => {});
    const client = startClient(mute.port, { connectTimeoutMillis: 1_000 });
    await until("it is given up", () => client.disconnects[0]);
    expect(client.disconnects[0]?.reason).toBe("connecting timed out after 1 s");
    await client.subscription.close();
    await until("no connection is left", () => mute.open() === 0 || undefined);
  });
});

describe("a control plane that breaks each connection", () => {
  withShortWaits();

  it("sees one for each attempt, and none after the client is closed", async () => {
    const breaking = await startListener((socket) => socket.destroy());
    const client = startClient(breaking.port);
    // A channel that lived on after its attempt would have made more by itself meanwhile: it tries again after a second.
    await until("it was tried often", () => client.disconnects[4], 30_000);
    expect(breaking.made()).toBeLessThanOrEqual(client.disconnects.length + 1);
    await client.subscription.close();
    const madeBefore = breaking.made();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(breaking.made()).toBe(madeBefore);
  });
});

describe("a control plane that comes back after many attempts", () => {
  withShortWaits();

  it("is met by one connection", async () => {
    const port = await freePort();
    const client = startClient(port);
    await until("it was tried in vain", () => client.disconnects[3], 30_000);
    const back = await startListener(() => {}, port);
    await until("it is tried again", () => back.made() > 0 || undefined, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(back.made()).toBe(1);
  });
});

/** A random number that is not: attempts follow after 100 ms, then 200, 400 and so on. */
function withShortWaits(): void {
  beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0.1));
  afterEach(() => void vi.restoreAllMocks());
}

/** Somebody at a port who does this with each connection, and counts them. Closed after the test. */
async function startListener(meet: (socket: Socket) => void, port = 0) {
  const sockets = new Set<Socket>();
  let made = 0;
  const server = createServer((socket) => {
    made += 1;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.resume();
    meet(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  listeners.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return { port: (server.address() as AddressInfo).port, made: () => made, open: () => sockets.size };
}
