import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { listenFailure, type TcpAddress } from "../net/listen-address.js";
import { type HttpReply, textReply } from "./http-reply.js";
import { createRouter, type HttpHandler, type Route } from "./router.js";

/** Slow clients must not hold connections for long; idle ones outlive a scrape interval of a minute. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000 } as const;

export interface HttpServerParts {
  readonly routes: readonly Route[];
  /** Told of what went wrong in Weir itself: what was tried, and the error as it was. Must not throw. */
  readonly reportFault: (message: string, error: unknown) => void;
}

/** The HTTP listener. */
export class HttpServer {
  readonly #server: Server;
  readonly #answer: HttpHandler;
  readonly #reportFault: HttpServerParts["reportFault"];
  /** Connections, and how many requests each has in flight. */
  readonly #connections = new Map<Socket, number>();
  #stopping = false;

  constructor({ routes, reportFault }: HttpServerParts) {
    this.#answer = createRouter(routes);
    this.#reportFault = reportFault;
    this.#server = createServer(TIMEOUTS, (request, response) => {
      this.#count(request.socket, 1);
      response.once("close", () => this.#count(request.socket, -1));
      void this.#serve(request, response);
    });
    this.#server.on("connection", (socket) => {
      this.#connections.set(socket, 0);
      socket.once("close", () => this.#connections.delete(socket));
    });
  }

  /**
   * Starts to take connections.
   * @returns the port, which differs from the address where that asks for any (0)
   * @throws Error whose message says in one line what is wrong, such as an address in use
   */
  listen(address: TcpAddress): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(listenFailure("HTTP", address, error));
      this.#server.once("error", fail);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off("error", fail);
        this.#server.on("error", (error) => this.#reportFault("the HTTP listener failed", error));
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no new connections, closes idle ones, lets requests in flight end, and after the deadline ends them. */
  stop(deadlineMillis: number): Promise<void> {
    this.#stopping = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), deadlineMillis);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      // Node does not take a connection that has not asked anything yet for idle.
      for (const [socket, requests] of this.#connections) if (requests === 0) socket.destroy();
    });
  }

  #count(socket: Socket, change: 1 | -1): void {
    const requests = this.#connections.get(socket);
    if (requests !== undefined) this.#connections.set(socket, requests + change);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: HttpReply | undefined;
    try {
      reply = await this.#answer(request);
    } catch (error) {
      this.#reportFault(`${request.method} ${request.url} failed`, error);
      reply = textReply(500, "internal error");
    }
    if (reply === undefined || response.destroyed) return;
    response.writeHead(reply.status, {
      ...reply.headers,
      ...(this.#stopping ? { connection: "close" } : {}),
      "content-type": reply.contentType,
      "content-length": Buffer.byteLength(reply.body),
    });
    response.end(reply.body);
  }
}
