import { chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ControlPlaneTls } from "./control-plane.js";
import { replaceIn } from "./envoy.js";
import { freePort } from "./free-port.js";
import type { TestAuthority } from "./grpc/certificates.js";
import { answersOk, http } from "./http-client.js";
import { launch, type Program, whenReady } from "./program.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");

/**
 * What Envoy Gateway mounts as /certs: tls.crt, tls.key and ca.crt, for any user to read.
 * @param names of the certificate besides those of this machine, as openssl writes them
 */
export function certsFolder(authority: TestAuthority, commonName: string, ...names: readonly string[]): string {
  const folder = join(authority.folder, `certs-${commonName}`);
  mkdirSync(folder);
  const { certFile, keyFile } = authority.sign(commonName, ["DNS:localhost", "IP:127.0.0.1", ...names].join(","));
  copyFileSync(certFile, join(folder, "tls.crt"));
  copyFileSync(keyFile, join(folder, "tls.key"));
  copyFileSync(authority.caFile, join(folder, "ca.crt"));
  for (const file of ["tls.crt", "tls.key", "ca.crt"]) chmodSync(join(folder, file), 0o644);
  return folder;
}

/** What is in such a folder. */
export function readCerts(folder: string): ControlPlaneTls {
  const read = (file: string): Buffer => readFileSync(join(folder, file));
  return { ca: read("ca.crt"), cert: read("tls.crt"), key: read("tls.key") };
}

/** A Weir that was started as Envoy Gateway starts the rate limit image. */
export interface GatewayWeir extends Program {
  readonly grpcPort: number;
  /** Where it is probed: /healthcheck. */
  readonly httpUrl: string;
  /** The text of /metrics where Envoy Gateway lets Prometheus look. */
  metrics(): Promise<string>;
}

export interface GatewayOptions {
  /** host:port of the control plane. */
  readonly controlPlane: string;
  /** Its host:port. */
  readonly redis: string;
  /** What is /certs there. */
  readonly certs: string;
  /** How long Weir waits for Redis; a busy machine takes longer than the default. "": the default. */
  readonly storeTimeout?: string;
}

/** The environment that Envoy Gateway gives, with Prometheus asked for. */
export function gatewayEnvironment({ controlPlane, redis, certs }: GatewayOptions): Record<string, string> {
  return {
    RUNTIME_ROOT: "/data",
    RUNTIME_SUBDIRECTORY: "ratelimit",
    RUNTIME_IGNOREDOTFILES: "true",
    RUNTIME_WATCH_ROOT: "false",
    LOG_LEVEL: "info",
    USE_STATSD: "false",
    CONFIG_TYPE: "GRPC_XDS_SOTW",
    CONFIG_GRPC_XDS_SERVER_URL: controlPlane,
    CONFIG_GRPC_XDS_NODE_ID: "envoy-ratelimit",
    GRPC_SERVER_USE_TLS: "true",
    GRPC_SERVER_TLS_CERT: `${certs}/tls.crt`,
    GRPC_SERVER_TLS_KEY: `${certs}/tls.key`,
    GRPC_SERVER_TLS_CA_CERT: `${certs}/ca.crt`,
    CONFIG_GRPC_XDS_SERVER_USE_TLS: "true",
    CONFIG_GRPC_XDS_CLIENT_TLS_CERT: `${certs}/tls.crt`,
    CONFIG_GRPC_XDS_CLIENT_TLS_KEY: `${certs}/tls.key`,
    CONFIG_GRPC_XDS_SERVER_TLS_CACERT: `${certs}/ca.crt`,
    FORCE_START_WITHOUT_INITIAL_CONFIG: "true",
    REDIS_SOCKET_TYPE: "tcp",
    REDIS_URL: redis,
    USE_PROMETHEUS: "true",
    PROMETHEUS_ADDR: ":19001",
    PROMETHEUS_MAPPER_YAML: "/etc/statsd-exporter/conf.yaml",
  };
}

/**
 * Starts Weir with that environment and waits until its probe is answered. Only its ports are others, said in the same
 * language, since tests share a machine; and unless told otherwise it waits longer for Redis than 10 ms, after which
 * Envoy lets through.
 */
export async function startGatewayWeir(options: GatewayOptions): Promise<GatewayWeir> {
  const { storeTimeout = "2s" } = options;
  const [grpcPort, httpPort] = [await freePort(), await freePort()];
  const [debugPort, metricsPort] = [await freePort(), await freePort()];
  const own = {
    ...{ GRPC_PORT: String(grpcPort), PORT: String(httpPort), DEBUG_PORT: String(debugPort) },
    ...{ PROMETHEUS_ADDR: `:${metricsPort}`, ...(storeTimeout === "" ? {} : { WEIR_STORE_TIMEOUT: storeTimeout }) },
  };
  const program = await launch(process.execPath, ["dist/main.js", "serve"], {
    cwd: REPOSITORY,
    env: { PATH: process.env.PATH, ...gatewayEnvironment(options), ...own },
  });
  const httpUrl = `http://127.0.0.1:${httpPort}`;
  await whenReady(program, "weir", () => answersOk(`${httpUrl}/healthcheck`));
  const metrics = async (): Promise<string> => (await http(`http://127.0.0.1:${metricsPort}/metrics`)).body;
  return { ...program, grpcPort, httpUrl, metrics };
}

/** Changes the shipped configuration of Envoy so that it talks to Weir over TLS and shows its certificate. */
export function withMutualTls(yaml: string, certs: string): string {
  const cluster = "    - name: weir\n      connect_timeout: 0.25s\n";
  const socket = `      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          sni: localhost
          common_tls_context:
            tls_certificates:
              - certificate_chain: { filename: ${certs}/tls.crt }
                private_key: { filename: ${certs}/tls.key }
            validation_context:
              trusted_ca: { filename: ${certs}/ca.crt }
              match_typed_subject_alt_names:
                - { san_type: DNS, matcher: { exact: localhost } }
`;
  return replaceIn(yaml, cluster, cluster + socket);
}
