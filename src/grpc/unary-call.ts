import { type CallContext, STATUS_CODES, type UnaryAnswer, type UnaryHandler } from "./unary-handler.js";

/** What a unary method needs of the call that a server of the grpc-js contract gives it. */
interface UnaryCall<Request> {
  readonly request: Request;
  /** Whether the caller has gone, or its time is over. */
  readonly cancelled: boolean;
  /** Values under names in -bin are bytes. */
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
  /** A time of the wall clock, milliseconds since 1970 or a Date; Infinity where the caller set none. */
  getDeadline(): Date | number;
}

/** How a server of the grpc-js contract takes the answer. */
type UnaryCallback<Response> = (error: { code: number; details: string } | null, response?: Response) => void;

/** A handler as a method of the grpc-js contract. A handler that breaks its word and throws is answered INTERNAL. */
export function unaryCall<Request, Response>(
  handler: UnaryHandler<Request, Response>,
): (call: UnaryCall<Request>, callback: UnaryCallback<Response>) => void {
  return (call, callback) => {
    const answer = (answered: UnaryAnswer<Response>): void => {
      if ("response" in answered) callback(null, answered.response);
      else callback({ code: answered.status.code, details: answered.status.message });
    };
    const fail = (): void => callback({ code: STATUS_CODES.INTERNAL, details: "internal error" });
    let answered: UnaryAnswer<Response> | Promise<UnaryAnswer<Response>>;
    try {
      answered = handler(call.request, new LiveContext(call));
    } catch {
      return fail();
    }
    if (answered instanceof Promise) answered.then(answer, fail);
    else answer(answered);
  };
}

/** What a call of the grpc-js contract says of itself, each time it is asked. */
class LiveContext implements CallContext {
  readonly #call: UnaryCall<unknown>;

  constructor(call: UnaryCall<unknown>) {
    this.#call = call;
  }

  get remainingMillis(): number {
    return this.isCancelled ? 0 : Math.max(0, Number(this.#call.getDeadline()) - Date.now());
  }

  get isCancelled(): boolean {
    return this.#call.cancelled;
  }

  metadataValue(name: string): string | undefined {
    const [value] = this.#call.metadata.get(name);
    return typeof value === "string" ? value : undefined;
  }
}
