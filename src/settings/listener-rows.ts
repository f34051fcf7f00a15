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
    description: "Where gRPC is served: an address, or a Unix socket, which requires the native server.",
    ...addressOrSocket,
  },
  grpcSocketMode: {
    name: "grpc-socket-mode",
    default: "0660",
    description: "Permissions of that Unix socket: whoever may write to it may connect.",
    ...fileMode,
  },
  grpcServer: {
    name: "grpc-server",
    default: "native",
    description: "The HTTP/2 server for gRPC: Weir's own (native), or @grpc/grpc-js, which uses many times the CPU.",
    ...oneOf("native", "grpc-js"),
  },
  grpcTlsCert: {
    name: "grpc-tls-cert",
    default: "",
    description: "Server certificate (PEM) for gRPC over TLS; reloaded when it changes. Requires the native server.",
    ...optionalFile,
  },
  grpcTlsKey: {
    name: "grpc-tls-key",
    default: "",
    description: "The private key of that certificate.",
    ...optionalFile,
  },
  grpcTlsClientCa: {
    name: "grpc-tls-client-ca",
    default: "",
    description: "CA bundle (PEM) that verifies client certificates; when set, gRPC clients must present one.",
    ...optionalFile,
  },
  grpcTlsClientSan: {
    name: "grpc-tls-client-san",
    default: "",
    description: "Subject alternative names (SANs), one of which a client certificate must have; if unset, any.",
    ...certificateNames,
  },
  grpcMaxConcurrentStreams: {
    name: "grpc-max-concurrent-streams",
    default: "1000",
    description:
      "Calls in flight per gRPC connection. This and the grpc-max-connection-age and grpc-keepalive settings require the native server.",
    ...wholeNumber(1, 1_000_000),
  },
  grpcMaxConnectionAgeMillis: {
    name: "grpc-max-connection-age",
    default: "0s",
    description:
      "Connections older than this (give or take a tenth) are asked to reconnect (GOAWAY), so that load spreads over replicas; 0s: never.",
    ...duration("0s", "720h"),
  },
  grpcMaxConnectionAgeGraceMillis: {
    name: "grpc-max-connection-age-grace",
    default: "10s",
    description: "How long calls on such a connection may take to finish.",
    ...duration("0s", "24h"),
  },
  grpcKeepaliveMillis: {
    name: "grpc-keepalive",
    default: "60s",
    description: "A connection that has been silent for this long is sent an HTTP/2 ping.",
    ...duration("1s", "24h"),
  },
  grpcKeepaliveTimeoutMillis: {
    name: "grpc-keepalive-timeout",
    default: "20s",
    description: "How long to wait for the ping's answer before closing the connection.",
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
    description: "An additional address that serves metrics and nothing else.",
    ...optionalAddress,
  },
  metricsPath: {
    name: "metrics-path",
    default: "/metrics",
    description: "The path of metrics at metrics-listen. At http-listen it is always /metrics.",
    ...urlPath,
  },
};
