import type { Decision } from "../engine/decision.js";
import type { RateLimitRequest } from "../engine/request.js";
import { STATUS_CODES, type UnaryAnswer, type UnaryHandler } from "../grpc/unary-handler.js";
import { type CallEnd, CallTraces } from "../observe/traces/call-traces.js";
import { openOtlpTracer, TracePackagesMissing } from "../observe/traces/otlp-tracer.js";
import { nameOfSetting } from "../settings/setting-name.js";
import type { Settings } from "../settings.js";
import { StartError } from "../start-error.js";

const METHOD = "envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** What the settings say about traces, and by which names. */
export type TraceSettings = Pick<
  Settings,
  "tracesOtlpEndpoint" | "tracesSampleRatio" | "tracesServiceName" | "givenByRatelimit"
>;

/** The traces of calls, as far as the rest of Weir needs them. */
export interface Traces {
  /** ShouldRateLimit with a span for each call. */
  traced(handler: UnaryHandler<RateLimitRequest, Decision>): UnaryHandler<RateLimitRequest, Decision>;
  /** The store answered this caller, after so long. */
  storeAnswered(caller: object, store: string, status: string, seconds: number): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

/**
 * Traces, where the settings want some; without them no package is loaded, and no call costs more.
 * @param onFault told in words why traces did not arrive
 * @throws StartError (2) their packages are not installed
 */
export async function openTraces(
  settings: TraceSettings,
  version: string,
  onFault: (reason: string) => void,
): Promise<Traces | undefined> {
  const { tracesOtlpEndpoint: endpoint, tracesSampleRatio: sampleRatio, tracesServiceName: serviceName } = settings;
  if (endpoint === "") return undefined;
  try {
    const traces = new CallTraces(await openOtlpTracer({ endpoint, sampleRatio, serviceName, version, onFault }));
    return {
      traced: (handler) => traces.traced(METHOD, handler, endOf),
      storeAnswered: (caller, store, status, seconds) => traces.storeAnswered(caller, store, status, seconds),
      close: () => traces.close(),
    };
  } catch (error) {
    if (!(error instanceof TracePackagesMissing)) throw error;
    const name = nameOfSetting(settings, "tracesOtlpEndpoint");
    const words = `${name} requires packages that are not installed: ${error.message}`;
    throw new StartError(2, [words, `install them with npm install --include=optional, or unset ${name}`], {
      cause: error,
    });
  }
}

function endOf(answer: UnaryAnswer<Decision>): CallEnd {
  if ("response" in answer) return { outcome: answer.response.overallCode, code: 0 };
  const { code, message } = answer.status;
  const outcome = OUTCOMES.get(code) ?? "failed";
  return outcome === "failed" ? { outcome, code, fault: message } : { outcome, code };
}

/** What is no fault of ours. */
const OUTCOMES: ReadonlyMap<number, string> = new Map([
  [STATUS_CODES.CANCELLED, "cancelled"],
  [STATUS_CODES.INVALID_ARGUMENT, "invalid"],
]);
