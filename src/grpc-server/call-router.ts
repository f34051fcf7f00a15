import type { RequestHead } from "../h2/request-head.js";
import type { Stream, StreamConsumer } from "../h2/stream.js";
import type { CallContext } from "./call-context.js";
import { countStatus } from "./call-counters.js";
import { type CallHead, callHead } from "./call-head.js";
import { NotGrpc, RefusedCall } from "./refused-call.js";
import { type CallStatus, STATUS } from "./status.js";

/** How much of a path is said back, characters: no window of the peer holds an answer's fields back. */
const MAX_ECHO = 100;

/** Begins a call of one method. */
export type Route = (stream: Stream, head: CallHead<Route>, context: CallContext) => StreamConsumer;

/** The methods of a server by path. */
export class CallRouter {
  readonly #routes = new Map<string, Route>();
  readonly #context: CallContext;

  constructor(context: CallContext) {
    this.#context = context;
  }

  /** @param path as requests have it: `/package.Service/Method`. @throws Error where there is one already */
  add(path: string, route: Route): void {
    if (this.#routes.has(path)) throw new Error(`there is a method ${path} already`);
    this.#routes.set(path, route);
  }

  /** Finds who answers a request. */
  onRequest(stream: Stream, head: RequestHead, endOfStream: boolean): StreamConsumer {
    const call = callHead(head, this.#routes);
    if (call.httpFault !== undefined) {
      this.#context.counters.notGrpc += 1;
      return new NotGrpc(stream, call.httpFault, endOfStream);
    }
    const refusal = refusalOf(call);
    if (refusal !== undefined || call.route === undefined) {
      const status = refusal ?? {
        code: STATUS.UNIMPLEMENTED,
        details: `there is no method ${call.path.slice(0, MAX_ECHO)}`,
      };
      countStatus(this.#context.counters, status.code);
      return new RefusedCall(stream, status, endOfStream);
    }
    const consumer = call.route(stream, call, this.#context);
    // A request without any bytes ends with its head.
    if (endOfStream) consumer.onTrailers([]);
    return consumer;
  }
}

function refusalOf(call: CallHead<Route>): CallStatus | undefined {
  if (call.timeoutMillis === undefined) return { code: STATUS.INTERNAL, details: "grpc-timeout is not a time" };
  if (call.timeoutMillis > 0) return undefined;
  return { code: STATUS.DEADLINE_EXCEEDED, details: "Deadline exceeded" };
}
