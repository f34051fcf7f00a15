import type { Span } from "@opentelemetry/api";
import type { OtlpTracer } from "./otlp-tracer.js";
import { parseTraceParent } from "./trace-parent.js";

/** A call as far as a trace needs to know it. The same object must reach `storeAnswered`. */
export interface TracedCall {
  /** The first value of a field that came with the call. */
  metadataValue?(name: string): string | undefined;
}

/** What a span tells of how a call ended. */
export interface CallEnd {
  readonly outcome: string;
  /** The code of gRPC; 0: OK. */
  readonly code: number;
  /** Present where it failed for a reason of ours. */
  readonly fault?: string;
}

/** A handler of calls to one method. */
export type Handler<Request, Call, Answer> = (request: Request, call: Call) => Answer | Promise<Answer>;

/** Makes a span of each call, the caller's span its parent, and of what its store took a child of that. */
export class CallTraces {
  readonly #otlp: OtlpTracer;
  /** The spans of calls that go on. */
  readonly #spans = new WeakMap<object, Span>();

  constructor(otlp: OtlpTracer) {
    this.#otlp = otlp;
  }

  /**
   * A handler whose calls are traced.
   * @param method such as `package.Service/Method`
   */
  traced<Request extends { readonly domain: string }, Call extends TracedCall, Answer>(
    method: string,
    handler: Handler<Request, Call, Answer>,
    endOf: (answer: Answer) => CallEnd,
  ): Handler<Request, Call, Answer> {
    return (request, call) => {
      const span = this.#startSpan(method, request.domain, call);
      if (span === undefined) return handler(request, call);
      const ended = (answer: Answer): Answer => {
        this.#endSpan(span, call, endOf(answer));
        return answer;
      };
      const answer = handler(request, call);
      return answer instanceof Promise ? answer.then(ended) : ended(answer);
    };
  }

  /** The store of a call answered, after so long. */
  storeAnswered(call: object, store: string, status: string, seconds: number): void {
    const parent = this.#spans.get(call);
    if (parent === undefined) return;
    const { api, tracer } = this.#otlp;
    const endMillis = performance.now();
    const options = {
      kind: api.SpanKind.CLIENT,
      startTime: endMillis - seconds * 1000,
      attributes: { "weir.store": store, "weir.store.status": status },
    };
    const span = tracer.startSpan(`${store} decide`, options, api.trace.setSpan(api.ROOT_CONTEXT, parent));
    if (status !== "ok") span.setStatus({ code: api.SpanStatusCode.ERROR, message: status });
    span.end(endMillis);
  }

  /** Sends what is left, for two seconds at most. */
  close(): Promise<void> {
    return this.#otlp.close();
  }

  /** Undefined: this call is not one of those that are traced. */
  #startSpan(method: string, domain: string, call: TracedCall): Span | undefined {
    const { api, tracer } = this.#otlp;
    const parent = parseTraceParent(call.metadataValue?.("traceparent"));
    if (parent !== undefined && !parent.isSampled) return undefined;
    const [service = "", name = ""] = method.split("/");
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": name, "weir.domain": domain };
    const context =
      parent === undefined
        ? api.ROOT_CONTEXT
        : api.trace.setSpanContext(api.ROOT_CONTEXT, {
            traceId: parent.traceId,
            spanId: parent.spanId,
            traceFlags: api.TraceFlags.SAMPLED,
            isRemote: true,
          });
    const span = tracer.startSpan(method, { kind: api.SpanKind.SERVER, attributes }, context);
    if (!span.isRecording()) return undefined;
    this.#spans.set(call, span);
    return span;
  }

  #endSpan(span: Span, call: TracedCall, { outcome, code, fault }: CallEnd): void {
    this.#spans.delete(call);
    span.setAttributes({ "weir.outcome": outcome, "rpc.grpc.status_code": code });
    if (fault !== undefined) span.setStatus({ code: this.#otlp.api.SpanStatusCode.ERROR, message: fault });
    span.end();
  }
}
