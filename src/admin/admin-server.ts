import type { AddressInfo, Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { listenFailure, type TcpAddress } from "../net/listen-address.js";
import { answerError } from "./answer-error.js";
import { ApiError, type ApiRoute } from "./api/api-route.js";
import { openApiDocument } from "./api/openapi-document.js";
import { readPart } from "./api/read-request.js";
import type { Guard } from "./guard/guard.js";
import type { Page } from "./page.js";

/** More than any request needs. */
const MAX_BODY_BYTES = 65_536;

/** Slow clients must not hold connections for long. */
const TIMEOUTS = { requestTimeout: 30_000, connectionTimeout: 60_000, keepAliveTimeout: 75_000 } as const;

export interface AdminServerParts {
  readonly version: string;
  readonly routes: readonly ApiRoute[];
  /** What a browser loads, without a token: pages hold nothing that is worth one. */
  readonly pages: readonly Page[];
  readonly guard: Guard;
  readonly needsToken: boolean;
  /** Told of what went wrong in Weir itself. Must not throw. */
  readonly reportFault: (message: string, error: unknown) => void;
}

/** The admin listener. */
export class AdminServer {
  readonly #server: FastifyInstance;
  readonly #parts: AdminServerParts;
  /** Connections that have not asked anything yet, as browsers make them: Node does not take them for idle. */
  readonly #unused = new Set<Socket>();

  constructor(parts: AdminServerParts) {
    this.#parts = parts;
    const { guard, reportFault } = parts;
    const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
      answerError(error, request, reply, reportFault);
    this.#server = fastify({
      ...TIMEOUTS,
      bodyLimit: MAX_BODY_BYTES,
      logger: false,
      forceCloseConnections: "idle",
      return503OnClosing: false,
      routerOptions: { maxParamLength: 200 },
      frameworkErrors: fail,
    });
    this.#server.server.on("connection", (socket) => {
      this.#unused.add(socket);
      socket.once("close", () => this.#unused.delete(socket));
    });
    this.#server.server.on("request", ({ socket }) => this.#unused.delete(socket));
    this.#server.setErrorHandler(fail);
    this.#server.removeContentTypeParser("text/plain");
    const open: ReadonlySet<string | undefined> = new Set(parts.pages.map(({ path }) => path));
    this.#server.addHook("onRequest", async (request, reply) => {
      reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
      guard.checkSource(request);
      if (!open.has(request.routeOptions.url)) await guard.checkToken(request);
    });
    this.#addPages();
    this.#addRoutes();
  }

  /**
   * Starts to take connections.
   * @returns the port, which differs from the address where that asks for any (0)
   * @throws Error whose message says in one line what is wrong, such as an address in use
   */
  async listen(address: TcpAddress): Promise<number> {
    try {
      await this.#server.listen({ host: address.host, port: address.port });
    } catch (error) {
      throw listenFailure("the admin API", address, error as Error);
    }
    return (this.#server.server.address() as AddressInfo).port;
  }

  /** Takes no new connections, lets requests in flight end, and after the deadline ends them. */
  async stop(deadlineMillis: number): Promise<void> {
    const timer = setTimeout(() => this.#server.server.closeAllConnections(), deadlineMillis);
    for (const socket of this.#unused) socket.destroy();
    await this.#server.close();
    clearTimeout(timer);
  }

  #addPages(): void {
    for (const { path, contentType, body, headers } of this.#parts.pages) {
      this.#server.get(path, (_request, reply) =>
        reply.headers({ ...headers, "content-type": contentType }).send(body),
      );
    }
  }

  #addRoutes(): void {
    const { routes, version, needsToken, pages } = this.#parts;
    const document = JSON.stringify(openApiDocument(routes, version, needsToken));
    this.#server.get("/openapi.json", (_request, reply) => sendJson(reply, 200, document));
    for (const route of routes) {
      this.#server.route({
        method: route.method,
        url: route.path.replace("{id}", ":id"),
        handler: (request, reply) => serve(route, request, reply),
      });
    }
    const places = [...pages.map(({ path }) => path), "/openapi.json"].map((path) => ({ path, method: "GET" }));
    this.#answerUnknown([...places, ...routes]);
  }

  /** What is there, by another method, and what is not there at all. */
  #answerUnknown(known: readonly { readonly path: string; readonly method: string }[]): void {
    this.#server.setNotFoundHandler((request, reply) => {
      const [path = ""] = request.url.split("?", 1);
      const methods = known.filter((place) => isAt(place.path, path)).map(({ method }) => method);
      if (methods.length === 0) throw new ApiError(404, "there is no such path: /openapi.json lists those that are");
      reply.header("allow", methods.join(", "));
      throw new ApiError(405, `${request.method} is not for this path`);
    });
  }
}

/** Whether a path of a request is one of the API's, whatever its id. */
function isAt(place: string, path: string): boolean {
  const [before = "", after] = place.split("{id}");
  if (after === undefined) return path === place;
  return path.startsWith(before) && path.length > before.length && !path.slice(before.length).includes("/");
}

async function serve(route: ApiRoute, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id = "" } = request.params as { id?: string };
  const query = route.query === undefined ? {} : readPart(route.query, request.query, "query");
  const body = route.body === undefined ? undefined : readPart(route.body, request.body, "body");
  const answer = await route.handle({ id, query, body, from: request.ip });
  return sendJson(reply, route.answers.status, JSON.stringify(answer));
}

function sendJson(reply: FastifyReply, status: number, json: string): FastifyReply {
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(json);
}
