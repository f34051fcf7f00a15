import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { type Envoy, replaceIn, SHIPPED_CONFIGS, startEnvoy, validatedByEnvoy } from "../support/envoy.js";
import { TestAuthority } from "../support/grpc/certificates.js";
import { sumOf } from "../support/metrics-text.js";
import { type MountedFolder, mountFolder } from "../support/mounted-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// envoy/tls. A client gets 5 requests, as config/rules says, or all it wants while Envoy and Weir do not trust each other.

const secrets: MountedFolder[] = [];

/** The files that one side of the recipe reads: its certificate, and the authorities of the other side. */
async function newSecret(name: string, signer: TestAuthority, trusted: TestAuthority): Promise<MountedFolder> {
  const secret = await mountFolder({ ...signed(name, signer), "ca.crt": trusted.ca });
  secrets.push(secret);
  return secret;
}

/** A new certificate and its key. */
function signed(name: string, signer: TestAuthority): Record<string, Buffer> {
  const { certFile, keyFile } = signer.sign(name);
  return { [`${name}.crt`]: readFileSync(certFile), [`${name}.key`]: readFileSync(keyFile) };
}

/** The recipe's Envoy, with its certificates in this secret. */
async function startTlsEnvoy(
  { path }: MountedFolder,
  weir: WeirProcess,
  edit = (yaml: string): string => yaml,
): Promise<Envoy> {
  for (const file of ["client.yaml", "authority.yaml"]) {
    const text = readFileSync(resolve(SHIPPED_CONFIGS, "tls", file), "utf8");
    await writeFile(join(path, file), replaceIn(text, "/tmp/weir-tls", path));
  }
  return startEnvoy({
    config: "tls/envoy.yaml",
    weirPort: weir.grpcPort,
    edit: (yaml) => edit(replaceIn(yaml, "path: envoy/tls/", `path: ${path}/`)),
  });
}

function startTlsWeir({ path }: MountedFolder, env: Readonly<Record<string, string>> = {}): Promise<WeirProcess> {
  return startWeir({
    env: {
      WEIR_GRPC_TLS_CERT: join(path, "weir.crt"),
      WEIR_GRPC_TLS_KEY: join(path, "weir.key"),
      WEIR_GRPC_TLS_CLIENT_CA: join(path, "ca.crt"),
      ...env,
    },
  });
}

/** The statuses of six requests of one new client. */
async function sixRequests(envoy: Envoy): Promise<number[]> {
  const from = newClient();
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await envoy.get("/", { from })).status);
  return statuses;
}

const LIMITED = [200, 200, 200, 200, 200, 429];
const UNLIMITED = [200, 200, 200, 200, 200, 200];

function allowedForWantOfWeir(envoy: Envoy): Promise<number> {
  return envoy.stat("cluster.services.ratelimit.failure_mode_allowed");
}

let authority: TestAuthority;

beforeAll(() => {
  authority = new TestAuthority();
});

afterAll(async () => {
  for (const secret of secrets) await secret.remove();
});

it("the recipe passes Envoy's validation", () => {
  expect(validatedByEnvoy(resolve(SHIPPED_CONFIGS, "tls/envoy.yaml"))).toMatch(/OK$/);
});

describe("a Weir that wants certificates of clients", () => {
  let weir: WeirProcess;

  beforeAll(async () => {
    weir = await startTlsWeir(await newSecret("weir", authority, authority));
  });

  afterAll(() => weir?.stop());

  it("limits for an Envoy with a certificate of the authority, health check and all", async () => {
    const envoy = await startTlsEnvoy(await newSecret("envoy", authority, authority), weir);
    try {
      expect(await sixRequests(envoy)).toEqual(LIMITED);
      expect(await allowedForWantOfWeir(envoy)).toBe(0);
      await until("the health check succeeds", async () =>
        (await envoy.stat("cluster.weir.membership_healthy")) === 1 ? true : undefined,
      );
    } finally {
      await envoy.stop();
    }
  });

  it("answers nothing to a stranger, and counts it", async () => {
    const envoy = await startTlsEnvoy(await newSecret("envoy", new TestAuthority("stranger"), authority), weir);
    try {
      const calls = async (): Promise<number> => sumOf(await weir.metrics(), "weir_request_duration_seconds_count", {});
      const before = await calls();
      expect(await sixRequests(envoy)).toEqual(UNLIMITED);
      expect(await allowedForWantOfWeir(envoy)).toBe(6);
      expect(await calls()).toBe(before);
      expect(sumOf(await weir.metrics(), "weir_grpc_tls_failures_total", {})).toBeGreaterThan(0);
    } finally {
      await envoy.stop();
    }
  });

  it("is not believed when its certificate has another name, nor when another authority signed it", async () => {
    const otherName = (yaml: string): string => replaceIn(yaml, "exact: localhost", "exact: weir.example");
    const otherAuthority = new TestAuthority("other authority");
    const envoys = [
      await startTlsEnvoy(await newSecret("envoy", authority, authority), weir, otherName),
      await startTlsEnvoy(await newSecret("envoy", authority, otherAuthority), weir),
    ] as const;
    try {
      for (const envoy of envoys) {
        expect(await sixRequests(envoy)).toEqual(UNLIMITED);
        expect(await allowedForWantOfWeir(envoy)).toBe(6);
      }
      expect(await envoys[0].stat("cluster.weir.ssl.fail_verify_san")).toBeGreaterThan(0);
      expect(await envoys[1].stat("cluster.weir.ssl.fail_verify_error")).toBeGreaterThan(0);
    } finally {
      for (const envoy of envoys) await envoy.stop();
    }
  });
});

it("a new authority comes into use on both sides, without a restart and without a call lost", async () => {
  const ofWeir = await newSecret("weir", authority, authority);
  const ofEnvoy = await newSecret("envoy", authority, authority);
  // A connection that lives on would hide what new ones meet.
  const weir = await startTlsWeir(ofWeir, { WEIR_GRPC_MAX_CONNECTION_AGE: "500ms" });
  const envoy = await startTlsEnvoy(ofEnvoy, weir);
  const weirReads = async (files: Record<string, Buffer>): Promise<void> => {
    const reloads = async (): Promise<number> => sumOf(await weir.metrics(), "weir_grpc_certificate_reloads_total", {});
    const before = await reloads();
    await ofWeir.patch(files);
    await until("Weir reads them", async () => ((await reloads()) > before ? true : undefined), 20_000);
  };
  const envoyReads = async (files: Record<string, Buffer>): Promise<void> => {
    const before = await certificatesOf(envoy);
    await ofEnvoy.patch(files);
    await until("Envoy reads them", async () => ((await certificatesOf(envoy)) !== before ? true : undefined));
  };
  const traffic = steadyTraffic(envoy);
  try {
    const successor = new TestAuthority("successor");
    const both = { "ca.crt": Buffer.concat([authority.ca, successor.ca]) };
    await envoyReads(both);
    await weirReads(both);
    await envoyReads(signed("envoy", successor));
    await weirReads({ ...signed("weir", successor), "ca.crt": successor.ca });
    await envoyReads({ "ca.crt": successor.ca });
    const handshakes = await envoy.stat("cluster.weir.ssl.handshake");
    await until("there is another connection", async () =>
      (await envoy.stat("cluster.weir.ssl.handshake")) > handshakes + 1 ? true : undefined,
    );
    expect(await sixRequests(envoy)).toEqual(LIMITED);
  } finally {
    await traffic.stop();
    expect(await allowedForWantOfWeir(envoy)).toBe(0);
    await envoy.stop();
    await weir.stop();
  }
}, 90_000);

/** The serial numbers of the certificates that Envoy has loaded. */
async function certificatesOf(envoy: Envoy): Promise<string> {
  const page = await (await fetch(`${envoy.adminUrl}/certs`)).text();
  return [...page.matchAll(/"serial_number": "(\w+)"/g)].map(([, serial]) => serial).join(" ");
}

/** A request after the other, until told to stop. */
function steadyTraffic(envoy: Envoy): { stop(): Promise<void> } {
  let running = true;
  const loop = (async () => {
    while (running) await envoy.get("/", { from: newClient() });
  })();
  return {
    stop: async () => {
      running = false;
      await loop;
    },
  };
}
