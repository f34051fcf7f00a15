import { hostname } from "node:os";

/** A collector's answer may be a page of HTML. */
const LONGEST_REASON = 300;

/** Where traces go, and how many of them. */
export interface OtlpOptions {
  /** A collector: `http://host:4318`, to which `/v1/traces` is added, or the whole URL. */
  readonly endpoint: string;
  /** Of calls whose caller has not decided, the share that is traced: 0 to 1. */
  readonly sampleRatio: number;
  /** Of whom the traces are: `service.name`. */
  readonly serviceName: string;
  readonly version: string;
  /** Told in words why spans did not arrive. */
  readonly onFault: (reason: string) => void;
}

/** The packages that tracing needs are not installed. */
export class TracePackagesMissing extends Error {
  override readonly name = "TracePackagesMissing";
}

/** How long a batch may be tried to be sent. */
const EXPORT_MILLIS = 5_000;

/** How long the last spans may take to be sent, when all ends. */
const FLUSH_MILLIS = 2_000;

/** OpenTelemetry with an exporter over OTLP/HTTP, loaded only where traces are wanted. */
export type OtlpTracer = Awaited<ReturnType<typeof openOtlpTracer>>;

/** @throws TracePackagesMissing where they were left out of the installation */
export async function openOtlpTracer({ endpoint, sampleRatio, serviceName, version, onFault }: OtlpOptions) {
  const { api, sdk, resources, otlp } = await loadPackages();
  const tellFault = (text: string): void => onFault(reasonIn(text));
  const ignore = (): void => {};
  api.diag.setLogger(
    { error: tellFault, warn: ignore, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: api.DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  const exporter = new otlp.OTLPTraceExporter({ url: tracesUrl(endpoint), timeoutMillis: EXPORT_MILLIS });
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({
      "service.name": serviceName,
      "service.version": version,
      "host.name": hostname(),
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeValueLengthLimit: 256 },
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  const close = async (): Promise<void> => {
    const late = new Promise((resolve) => setTimeout(resolve, FLUSH_MILLIS).unref());
    await Promise.race([provider.shutdown().catch((error: Error) => onFault(error.message)), late]);
    api.diag.disable();
  };
  return { api, tracer: provider.getTracer("weir", version), close };
}

/** What the exporter tells is an error as JSON, with its stack. */
function reasonIn(text: string): string {
  let reason = text;
  try {
    const { message }: { message?: unknown } = JSON.parse(text);
    if (typeof message === "string" && message !== "") reason = message;
  } catch {
    // Words, then.
  }
  return reason.slice(0, LONGEST_REASON);
}

async function loadPackages() {
  try {
    const [api, sdk, resources, otlp] = await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/exporter-trace-otlp-http"),
    ]);
    return { api, sdk, resources, otlp };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new TracePackagesMissing(message, { cause: error });
  }
}

/** A URL without a path is that of a collector, as in OTEL_EXPORTER_OTLP_ENDPOINT. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}
