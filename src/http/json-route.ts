import type { IncomingMessage } from "node:http";
import { type HttpReply, jsonReply } from "./http-reply.js";
import { readBody } from "./read-body.js";
import type { Route } from "./router.js";

const MAX_BODY_BYTES = 1024 * 1024;

/** Who waits for an answer over HTTP. */
export interface HttpCaller {
  /** How long, milliseconds: HTTP does not say. */
  readonly remainingMillis: number;
  /** Whether the connection is gone. Read it again whenever it matters. */
  readonly isCancelled: boolean;
  /** The first value of a header, its name in lower case. */
  metadataValue(name: string): string | undefined;
}

/** Decides over a request in JSON: the answer's status and its body, JSON too. */
export type AnswerJson = (
  text: string,
  caller: HttpCaller,
) => Promise<{ readonly status: number; readonly body: string }>;

/** POST /json: a RateLimitRequest in JSON, as envoyproxy/ratelimit has it. */
export function jsonRoute(answerJson: AnswerJson): Route {
  return { method: "POST", path: "/json", handle: (request) => answerRequest(request, answerJson) };
}

async function answerRequest(request: IncomingMessage, answerJson: AnswerJson): Promise<HttpReply | undefined> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if ("failure" in body) {
    if (body.failure === "aborted") return undefined;
    // What is still to come of the body must not be taken for the next request.
    const reply = errorReply(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
    return { ...reply, headers: { connection: "close" } };
  }
  const text = decodeText(body.bytes);
  if (text === undefined) return errorReply(400, "the body is not UTF-8");
  const answer = await answerJson(text, callerOf(request));
  return jsonReply(answer.status, answer.body);
}

function callerOf({ socket, headers }: IncomingMessage): HttpCaller {
  return {
    remainingMillis: Number.POSITIVE_INFINITY,
    get isCancelled() {
      return socket.destroyed;
    },
    metadataValue(name) {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}

function errorReply(status: number, error: string): HttpReply {
  return jsonReply(status, JSON.stringify({ error }));
}

function decodeText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
