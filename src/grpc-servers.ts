import { GrpcJsServer } from "./grpc/grpc-js-server.js";
import type { GrpcServer } from "./grpc/grpc-server.js";
import type { GrpcServerOptions } from "./grpc-server/options.js";
import type { TlsSettings } from "./grpc-server/tls-settings.js";
import { NativeGrpcServer } from "./native-grpc-server.js";
import type { Metrics } from "./observe/metrics.js";
import type { Settings } from "./settings.js";

/** The gRPC server that the settings ask for. */
export function createGrpcServer(
  settings: Settings,
  metrics: Metrics,
  reportFault: (message: string, error: unknown) => void,
): GrpcServer {
  if (settings.grpcServer === "grpc-js") return new GrpcJsServer();
  const server = new NativeGrpcServer(
    { ...optionsOf(settings), onFault: (error) => reportFault("the gRPC server failed", error) },
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

function tlsOf({ grpcTlsCert, grpcTlsKey, grpcTlsClientCa }: Settings): TlsSettings | undefined {
  if (grpcTlsCert === "") return undefined;
  const files = { certFile: grpcTlsCert, keyFile: grpcTlsKey };
  return grpcTlsClientCa === "" ? files : { ...files, clientCaFile: grpcTlsClientCa };
}
