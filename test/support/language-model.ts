import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that answers as language models do, the way that the request's headers ask for. */
export interface LanguageModel {
  readonly port: number;
  stop(): Promise<void>;
}

/** Header `x-answer`: how the cost in `x-tokens` is told. */
type AnswerKind = "json" | "events" | "early-events" | "failed" | "cut" | "silent";

/** Starts it on a free port of 127.0.0.1. */
export async function startLanguageModel(): Promise<LanguageModel> {
  const server = createServer((request, response) => {
    const { "x-answer": kind = "json", "x-tokens": tokens = "0" } = request.headers;
    // Envoy must not let clients ask for what it cannot read.
    if (request.headers["accept-encoding"] !== undefined) response.statusCode = 500;
    ANSWERS[String(kind) as AnswerKind](response, Number(tokens));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const ANSWERS: Readonly<Record<AnswerKind, (response: ServerResponse, tokens: number) => void>> = {
  json: (response, tokens) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ answer: "42", usage: { total_tokens: tokens } }));
  },
  // A running count with each part; the last one is the whole cost.
  events: (response, tokens) => {
    startEvents(response);
    response.write(event({ delta: "4", usage: { total_tokens: 1 } }));
    response.write(event({ delta: "2", usage: null }));
    response.write(event({ usage: { total_tokens: tokens } }));
    response.end("data: [DONE]\n\n");
  },
  // The first event, and the others when the client has gone or 5 s later.
  "early-events": (response, tokens) => {
    startEvents(response);
    response.write(event({ delta: "4", usage: { total_tokens: tokens } }));
    const timer = setTimeout(() => response.end(), 5_000);
    response.on("close", () => clearTimeout(timer));
  },
  failed: (response) => {
    response.statusCode = 503;
    response.end("no model is free\n");
  },
  cut: (response) => void response.socket?.destroy(),
  silent: (response) => response.end("no cost is told\n"),
};

function startEvents(response: ServerResponse): void {
  response.setHeader("content-type", "text/event-stream; charset=utf-8");
}

function event(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
