import type { z } from "zod";

/** Why the API does not do what it was asked. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 414 | 415 | 422 | 503;

/** The caller's fault, or the store's: answered with these words. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ErrorStatus;
  /** What of the request it is about, such as `limit.unit`. */
  readonly field: string | undefined;

  constructor(status: ErrorStatus, message: string, field?: string) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

/** A request as a route gets it: checked. */
export interface ApiRequest<Query, Body> {
  /** From the path, where that has one. */
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
  /** The caller's address. */
  readonly from: string;
}

/** What a route answers. */
export interface ApiAnswer {
  readonly status: 200 | 201;
  readonly body: unknown;
}

/** One call of the API: what it takes, what it answers, for the server and for the OpenAPI document alike. */
export interface ApiRoute<Query extends z.ZodType = z.ZodType, Body extends z.ZodType = z.ZodType> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Such as `/api/v1/overrides/{id}`: `{id}` is the only parameter that there is. */
  readonly path: string;
  /** What it is called in clients. */
  readonly operationId: string;
  readonly summary: string;
  /** Absent: it takes none. */
  readonly query?: Query;
  readonly body?: Body;
  /** An example of the body. */
  readonly example?: unknown;
  /** The status of its answers, and what they are. */
  readonly answers: { readonly status: 200 | 201; readonly schema: z.ZodType };
  /** Errors besides those that any call may have. */
  readonly errors: readonly ErrorStatus[];
  /** @throws ApiError */
  handle(request: ApiRequest<z.output<Query>, z.output<Body>>): unknown;
}

/** Lets a route be written with the types of its schemas. */
export function apiRoute<Query extends z.ZodType, Body extends z.ZodType>(route: ApiRoute<Query, Body>): ApiRoute {
  return route as unknown as ApiRoute;
}
