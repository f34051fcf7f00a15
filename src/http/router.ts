import type { IncomingMessage } from "node:http";
import { type HttpReply, textReply } from "./http-reply.js";

/** Answers requests to one path; undefined when the client has gone. */
export type HttpHandler = (request: IncomingMessage) => HttpReply | undefined | Promise<HttpReply | undefined>;

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handle: HttpHandler;
}

/** Finds who answers a request, else answers 404 or 405 itself. HEAD goes wherever GET goes. */
export function createRouter(routes: readonly Route[]): HttpHandler {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  return (request) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const route = byPath.get(path);
    if (route === undefined) return textReply(404, "not found");
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (method === route.method) return route.handle(request);
    return textReply(405, "method not allowed", { allow: route.method === "GET" ? "GET, HEAD" : route.method });
  };
}
