import { DEFAULT_H2_LIMITS, type H2Limits } from "../h2/limits.js";

/** Bounds of the server besides those of each connection. */
export interface ServerLimits {
  /** The largest request message, decompressed or not, bytes. */
  readonly maxMessageBytes: number;
  /** Messages of which a part has come, bytes a connection. */
  readonly maxPartialBytesPerConnection: number;
  /** Messages of which a part has come, bytes of all connections. */
  readonly maxPartialBytes: number;
  /** Messages being decompressed at once. */
  readonly maxDecompressions: number;
  /** Connections open at once; more are closed at once. */
  readonly maxConnections: number;
  /** How long a TLS handshake may take, milliseconds. */
  readonly tlsHandshakeMillis: number;
  /** How often certificate files are looked at, milliseconds. */
  readonly certificateCheckMillis: number;
  /** How often connections are looked at, milliseconds: all their limits of time are exact to this. */
  readonly sweepMillis: number;
}

const DEFAULT_SERVER_LIMITS: ServerLimits = {
  maxMessageBytes: 4_194_304,
  maxPartialBytesPerConnection: 16_777_216,
  maxPartialBytes: 134_217_728,
  maxDecompressions: 4,
  maxConnections: 20_000,
  tlsHandshakeMillis: 10_000,
  certificateCheckMillis: 10_000,
  sweepMillis: 1_000,
};

export interface GrpcServerOptions {
  /** Bounds of each connection, where they differ from DEFAULT_H2_LIMITS. */
  readonly h2?: Partial<H2Limits>;
  /** Bounds of the server, where they differ from DEFAULT_SERVER_LIMITS. */
  readonly server?: Partial<ServerLimits>;
  /** Told of what went wrong on our side: what handlers threw, certificate files that cannot be used. */
  readonly onFault?: (error: unknown) => void;
  /** Told the names in a client's certificate, which was refused for them; as often as it happens. */
  readonly onClientRefused?: (names: string) => void;
}

export function resolveOptions(options: GrpcServerOptions): { h2: H2Limits; server: ServerLimits } {
  return {
    h2: { ...DEFAULT_H2_LIMITS, ...options.h2 },
    server: { ...DEFAULT_SERVER_LIMITS, ...options.server },
  };
}
