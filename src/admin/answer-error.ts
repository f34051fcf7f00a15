import type { FastifyReply, FastifyRequest } from "fastify";
import { StoreFailure } from "../stores/store.js";
import { ApiError, type ErrorStatus } from "./api/api-route.js";
import { ControlsConflict } from "./controls/live-controls.js";

/** What the framework finds wrong before a route is asked, and the part of the request that it is about. */
const FRAMEWORK_FIELDS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "Content-Type",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "Content-Length",
  FST_ERR_CTP_BODY_TOO_LARGE: "body",
  FST_ERR_CTP_EMPTY_JSON_BODY: "body",
  FST_ERR_CTP_INVALID_JSON_BODY: "body",
  FST_ERR_BAD_URL: "path",
  FST_ERR_MAX_PARAM_LENGTH: "path",
};

const FRAMEWORK_STATUSES: readonly number[] = [400, 413, 414, 415] satisfies readonly ErrorStatus[];

/** Answers with what went wrong: `{"error": {"message", "field"?}}`. Faults of our own are told to `reportFault` only. */
export function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  reportFault: (message: string, error: unknown) => void,
): FastifyReply {
  const known = knownError(error);
  if (known === undefined) {
    reportFault(`${request.method} ${request.routeOptions.url ?? "?"} of the admin API failed`, error);
    return send(reply, 500, "internal error", undefined);
  }
  if (known.status === 401) reply.header("www-authenticate", 'Bearer realm="weir admin"');
  return send(reply, known.status, known.message, known.field);
}

function knownError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof ControlsConflict) return new ApiError(409, error.message);
  if (error instanceof StoreFailure) return new ApiError(503, `the store does not answer: ${error.message}`);
  const { statusCode = 0, code = "", message } = error as { statusCode?: number; code?: string; message: string };
  if (!FRAMEWORK_STATUSES.includes(statusCode)) return undefined;
  return new ApiError(statusCode as ErrorStatus, message, FRAMEWORK_FIELDS[code] ?? "body");
}

function send(reply: FastifyReply, status: number, message: string, field: string | undefined): FastifyReply {
  const body = JSON.stringify({ error: field === undefined ? { message } : { message, field } });
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(body);
}
