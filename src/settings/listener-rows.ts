import type { ListenAddress, TcpAddress } from "../net/listen-address.js";
import {
  address,
  addressOrSocket,
  certificateNames,
  duration,
  fileMode,
  oneOf,
  optionalAddress,
  optionalFile,
  type Setting,
  urlPath,
  wholeNumber,
} from "./kinds.js";

/** Where Weir answers, and how. */
export interface ListenerSettings {
  readonly grpcListen: ListenAddress;
  /** Permissions of a unix socket, as chmod has them. */
  readonly grpcSocketMode: number;
  readonly grpcServer: "native" | "grpc-js";
  /** Files in PEM; empty: plain connections. */
  readonly grpcTlsCert: string;
  readonly grpcTlsKey: string;
  /** With it, clients must show a certificate of one of these authorities. Empty: they need none. */
  readonly grpcTlsClientCa: string;
  /** DNS names, addresses or URIs. Empty: any. */
  readonly grpcTlsClientSan: readonly string[];
  readonly grpcMaxConcurrentStreams: number;
  /** 0: connections may grow as old as they like. */
  readonly grpcMaxConnectionAgeMillis: number;
  readonly grpcMaxConnectionAgeGraceMillis: number;
  readonly grpcKeepaliveMillis: number;
  readonly grpcKeepaliveTimeoutMillis: number;
  readonly httpListen: TcpAddress;
  /** Where metrics are served besides /metrics of the HTTP listener. Undefined: nowhere. */
  readonly metricsListen: TcpAddress | undefined;
  readonly metricsPath: string;
}

/** The rows of the table that are about it. */
export const LISTENER_ROWS: { readonly [Key in keyof ListenerSettings]: Setting<ListenerSettings[Key]> } = {
  grpcListen: {
    name: "grpc-listen",
    default: "0.0.0.0:8081",
    description: "Where Envoy's calls are answered: an address, or a unix socket, which needs the native server.",
    ...addressOrSocket,
  },
  grpcSocketMode: {
    name: "grpc-socket-mode",
    default: "0660",
    description: "Who may connect to that unix socket: those who may write to it.",
    ...fileMode,
  },
  grpcServer: {
    name: "grpc-server",
    default: "native",
    description: "The HTTP/2 server under gRPC: Weir's own, or @grpc/grpc-js, which costs many times the CPU.",
    ...oneOf("native", "grpc-js"),
  },
  grpcTlsCert: {
    name: "grpc-tls-cert",
    default: "",
    description: "The certificate for gRPC over TLS. It is read again when it changes. Needs the native server.",
    ...optionalFile,
  },
  grpcTlsKey: {
    name: "grpc-tls-key",
    default: "",
    description: "The key of that certificate.",
    ...optionalFile,
  },
  grpcTlsClientCa: {
    name: "grpc-tls-client-ca",
    default: "",
    description: "Authorities of which gRPC clients must show a certificate.",
    ...optionalFile,
  },
  grpcTlsClientSan: {
    name: "grpc-tls-client-san",
    default: "",
    description: "Names of which such a certificate must carry one as subject alternative name (SAN).",
    ...certificateNames,
  },
  grpcMaxConcurrentStreams: {
    name: "grpc-max-concurrent-streams",
    default: "1000",
    description: "Calls in flight that one gRPC connection may have. Needs the native server, as all of the below.",
    ...wholeNumber(1, 1_000_000),
  },
  grpcMaxConnectionAgeMillis: {
    name: "grpc-max-connection-age",
    default: "0s",
    description:
      "After so long, a tenth more or less, a connection is asked to come anew, so that replicas share load.",
    ...duration("0s", "720h"),
  },
  grpcMaxConnectionAgeGraceMillis: {
    name: "grpc-max-connection-age-grace",
    default: "10s",
    description: "How long the calls of such a connection may go on.",
    ...duration("0s", "24h"),
  },
  grpcKeepaliveMillis: {
    name: "grpc-keepalive",
    default: "60s",
    description: "A connection that has been silent for so long is asked whether it still lives.",
    ...duration("1s", "24h"),
  },
  grpcKeepaliveTimeoutMillis: {
    name: "grpc-keepalive-timeout",
    default: "20s",
    description: "And closed when it does not answer within this time.",
    ...duration("1s", "1h"),
  },
  httpListen: {
    name: "http-listen",
    default: "0.0.0.0:8080",
    description: "Where /healthz, /readyz, /metrics and /json are served.",
    ...address,
  },
  metricsListen: {
    name: "metrics-listen",
    default: "",
    description: "One more address at which metrics are served, and nothing else.",
    ...optionalAddress,
  },
  metricsPath: {
    name: "metrics-path",
    default: "/metrics",
    description: "Their path there. At http-listen it is /metrics, whatever this says.",
    ...urlPath,
  },
};
