import type { Duplex } from "node:stream";
import { Connection } from "../h2/connection.js";
import type { H2Context } from "../h2/context.js";
import { createH2Counters, type H2Counters } from "../h2/counters.js";
import type { ListenAddress } from "../net/listen-address.js";
import { BufferAllowance } from "./buffer-allowance.js";
import type { CallContext } from "./call-context.js";
import { type CallCounters, createCallCounters } from "./call-counters.js";
import { CallRouter } from "./call-router.js";
import { DeadlineWheel } from "./deadline-wheel.js";
import { Decompressor } from "./decompressor.js";
import { type Listener, type ListenerCounters, startListener } from "./listener.js";
import { type GrpcServerOptions, resolveOptions, type ServerLimits } from "./options.js";
import { peerName } from "./peer-name.js";
import type { ServiceDefinition, ServiceImplementation } from "./service-definition.js";
import { serviceRoutes } from "./service-routes.js";
import type { TlsSettings } from "./tls-settings.js";
import { UnaryCall, type UnaryHandler } from "./unary-call.js";

/** What a server has seen; plain numbers, to be read at any time. */
export interface ServerCounters {
  readonly h2: H2Counters;
  readonly calls: CallCounters;
  readonly listeners: ListenerCounters;
  /** Connections turned away for being too many. */
  connectionsRefused: number;
}

/** A gRPC server over HTTP/2: methods are added, it listens, it shuts down. */
export class GrpcServer {
  readonly counters: ServerCounters;

  readonly #limits: ServerLimits;
  readonly #h2: H2Context;
  readonly #calls: CallContext;
  readonly #router: CallRouter;
  readonly #onFault: (error: unknown) => void;
  readonly #onClientRefused: (names: string) => void;
  readonly #connections = new Set<Connection>();
  readonly #listeners: Listener[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #isShutDown = false;
  #onAllClosed: (() => void) | undefined;

  constructor(options: GrpcServerOptions = {}) {
    const { h2, server } = resolveOptions(options);
    const clock = (): number => performance.now();
    this.#limits = server;
    this.#onFault = options.onFault ?? (() => {});
    this.#onClientRefused = options.onClientRefused ?? (() => {});
    const listeners = { tlsFailures: 0, clientNamesRefused: 0, certificateReloads: 0, certificateFaults: 0 };
    this.counters = { h2: createH2Counters(), calls: createCallCounters(), listeners, connectionsRefused: 0 };
    this.#calls = {
      maxMessageBytes: server.maxMessageBytes,
      allowance: new BufferAllowance(server.maxPartialBytesPerConnection, server.maxPartialBytes),
      decompressor: new Decompressor(server.maxMessageBytes, server.maxDecompressions),
      deadlines: new DeadlineWheel(clock),
      counters: this.counters.calls,
      clock,
      onFault: this.#onFault,
    };
    this.#router = new CallRouter(this.#calls);
    this.#h2 = {
      limits: h2,
      counters: this.counters.h2,
      onRequest: (stream, head, endOfStream) => this.#router.onRequest(stream, head, endOfStream),
      clock,
      random: Math.random,
      onFault: this.#onFault,
    };
    this.#sweeper = setInterval(() => this.#sweep(), server.sweepMillis);
    this.#sweeper.unref();
  }

  /**
   * Adds a unary method that works on bytes.
   *
   * @param path `/package.Service/Method`
   * @throws Error where there is a method of that path already
   */
  addUnary(path: string, handler: UnaryHandler): void {
    this.#router.add(path, (stream, head, context) => new UnaryCall(stream, head, handler, context));
  }

  /**
   * Adds a service by the contract of grpc-js.
   *
   * @throws Error where there is a method of one of its paths already
   */
  addService(definition: ServiceDefinition, implementation: ServiceImplementation): void {
    for (const [path, route] of serviceRoutes(definition, implementation)) this.#router.add(path, route);
  }

  /**
   * Starts to take connections; several places are possible.
   *
   * @param tls without it, connections are plain
   * @returns the port; 0 for a unix socket
   * @throws Error where the address or the certificates cannot be used
   */
  async listen(address: ListenAddress, tls?: TlsSettings): Promise<number> {
    const listener = await startListener(address, tls, {
      counters: this.counters.listeners,
      tlsHandshakeMillis: this.#limits.tlsHandshakeMillis,
      certificateCheckMillis: this.#limits.certificateCheckMillis,
      maxConnections: this.#limits.maxConnections,
      onClientRefused: this.#onClientRefused,
      onDropped: () => {
        this.counters.connectionsRefused += 1;
      },
      onSocket: (socket) => this.serve(socket, peerName(socket)),
      onFault: this.#onFault,
    });
    this.#listeners.push(listener);
    return listener.port;
  }

  /** Serves a connection that somebody else has taken. @param peer its address, for handlers */
  serve(duplex: Duplex, peer: string): void {
    if (this.#isShutDown || this.#connections.size >= this.#limits.maxConnections) {
      this.counters.connectionsRefused += 1;
      duplex.on("error", () => {});
      duplex.destroy();
      return;
    }
    const connection = new Connection(duplex, peer, this.#h2, (closed) => this.#onClosed(closed));
    this.#connections.add(connection);
  }

  /**
   * Takes no new connections and no new calls, lets those in flight end, and after the deadline cuts them.
   *
   * @returns when all is closed
   */
  async shutdown(deadlineMillis: number): Promise<void> {
    this.#isShutDown = true;
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const connection of this.#connections) connection.drain(deadlineMillis);
    if (this.#connections.size > 0) await this.#allClosed(deadlineMillis);
    clearInterval(this.#sweeper);
    this.#calls.deadlines.stop();
  }

  #allClosed(deadlineMillis: number): Promise<void> {
    return new Promise((resolve) => {
      const cut = setTimeout(() => {
        for (const connection of this.#connections) connection.destroy();
      }, deadlineMillis);
      this.#onAllClosed = () => {
        clearTimeout(cut);
        resolve();
      };
    });
  }

  #onClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onAllClosed?.();
  }

  #sweep(): void {
    for (const connection of this.#connections) connection.sweep();
  }
}
