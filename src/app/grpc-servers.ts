import { GrpcJsServer } from "../grpc/grpc-js-server.js";
import type { GrpcServer } from "../grpc/grpc-server.js";
import { NativeGrpcServer } from "../grpc/native-grpc-server.js";
import type { GrpcServerOptions } from "../grpc-server/options.js";
import type { TlsSettings } from "../grpc-server/tls-settings.js";
import type { ListenAddress } from "../net/listen-address.js";
import type { BusinessEvents } from "../observe/business-events.js";
import type { Metrics } from "../observe/metrics.js";
import { findTlsFileFaults } from "../settings/file-faults.js";
import { given } from "../settings/given.js";
import type { Settings } from "../settings.js";
import { StartError } from "../start-error.js";

/** Where it listens. */
export function grpcAddress({ grpcListen, grpcSocketMode }: Settings): ListenAddress {
  return "path" in grpcListen ? { ...grpcListen, mode: grpcSocketMode } : grpcListen;
}

/**
 * The gRPC server that the settings ask for.
 * @throws StartError (2) that names each file which cannot be used
 */
export function createGrpcServer(
  settings: Settings,
  { metrics, events }: { readonly metrics: Metrics; readonly events: BusinessEvents },
  reportFault: (message: string, error: unknown) => void,
): GrpcServer {
  if (settings.grpcServer === "grpc-js") return new GrpcJsServer();
  const server = new NativeGrpcServer(
    {
      ...optionsOf(settings),
      onFault: (error) => reportFault("the gRPC server failed", error),
      onClientRefused: (names) => events.clientRefused(names),
    },
    tlsOf(settings),
  );
  metrics.watchGrpcServer(server.counters);
  return server;
}

function optionsOf(settings: Settings): GrpcServerOptions {
  const age = settings.grpcMaxConnectionAgeMillis;
  return {
    h2: {
      maxConcurrentStreams: settings.grpcMaxConcurrentStreams,
      maxAgeMillis: age === 0 ? Number.POSITIVE_INFINITY : age,
      maxAgeGraceMillis: settings.grpcMaxConnectionAgeGraceMillis,
      keepaliveMillis: settings.grpcKeepaliveMillis,
      keepaliveTimeoutMillis: settings.grpcKeepaliveTimeoutMillis,
    },
  };
}

const TLS_SETTINGS = { ca: "grpcTlsClientCa", cert: "grpcTlsCert", key: "grpcTlsKey" } as const;

function tlsOf(settings: Settings): TlsSettings | undefined {
  const { grpcTlsCert: certFile, grpcTlsKey: keyFile, grpcTlsClientCa, grpcTlsClientSan: clientNames } = settings;
  if (certFile === "") return undefined;
  const clientCaFile = given(grpcTlsClientCa);
  const faults = findTlsFileFaults(settings, { certFile, keyFile, caFile: clientCaFile }, TLS_SETTINGS);
  if (faults.length > 0) throw new StartError(2, faults);
  return clientCaFile === undefined ? { certFile, keyFile } : { certFile, keyFile, clientCaFile, clientNames };
}
