import { anyText, goBoolean, goNumber, word } from "./go-kinds.js";
import { readGoNumber } from "./go-texts.js";
import { goesWith, isWarned, makesSettings } from "./rows.js";
import type { RatelimitPart, RatelimitValues } from "./variable.js";

const COMMON = { isCommon: true } as const;
const SHARE_DIGITS = 9;
const NO_STATSD = "Weir does not push metrics: Prometheus scrapes them from /metrics";
const TELLS_APART = "not sent: traces have host.name, which identifies the replica";

const LOG_LEVELS: Readonly<Record<string, string>> = { panic: "error", fatal: "error", warning: "warn" };

/** What ER tells of itself. */
export const OBSERVE_VARIABLES: RatelimitPart = {
  variables: [
    makesSettings(
      "LOG_LEVEL",
      word("panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"),
      "WARN",
      COMMON,
    ),
    makesSettings("LOG_FORMAT", anyText, "text", COMMON),
    makesSettings("TRACING_ENABLED", goBoolean, "false", COMMON),
    makesSettings("OTEL_EXPORTER_OTLP_ENDPOINT", anyText, "http://localhost:4318", {
      ...COMMON,
      isSecret: true,
    }),
    makesSettings("TRACING_SAMPLING_RATE", goNumber, "1", COMMON),
    makesSettings("TRACING_EXPORTER_PROTOCOL", anyText, "http", COMMON),
    makesSettings("TRACING_SERVICE_NAME", anyText, "RateLimit", COMMON),
    isWarned("TRACING_SERVICE_NAMESPACE", anyText, "", TELLS_APART, COMMON),
    isWarned("TRACING_SERVICE_INSTANCE_ID", anyText, "", TELLS_APART, COMMON),
    // ER's default is true, but whoever writes it down counts on it.
    isWarned("USE_STATSD", goBoolean, "false", NO_STATSD),
    isWarned("USE_DOG_STATSD", goBoolean, "false", NO_STATSD),
    isWarned(
      "PROMETHEUS_MAPPER_YAML",
      anyText,
      "",
      "not used: metrics have names and labels of Weir's own (docs/metrics.md)",
    ),
    isWarned("DISABLE_STATS", goBoolean, "false", "metrics cannot be turned off; they cost next to nothing", COMMON),
    isWarned("EXTRA_TAGS", anyText, "", "settings cannot add labels to metrics: let Prometheus add them", COMMON),
    goesWith("USE_DOG_STATSD_MOGRIFIERS", "USE_DOG_STATSD"),
    goesWith("STATSD_HOST", "USE_STATSD", COMMON),
    goesWith("STATSD_PORT", "USE_STATSD", COMMON),
    goesWith("STATS_FLUSH_INTERVAL", "USE_STATSD", COMMON),
  ],
  mappings: [
    {
      setting: "logLevel",
      from: ["LOG_LEVEL"],
      make: (er) => {
        const level = er.text("LOG_LEVEL").toLowerCase();
        return LOG_LEVELS[level] ?? level;
      },
    },
    {
      setting: "logFormat",
      from: ["LOG_FORMAT"],
      make: (er) => (er.text("LOG_FORMAT").toLowerCase() === "json" ? "json" : "pretty"),
    },
    {
      setting: "tracesOtlpEndpoint",
      from: ["OTEL_EXPORTER_OTLP_ENDPOINT", "TRACING_ENABLED", "TRACING_EXPORTER_PROTOCOL"],
      make: endpoint,
    },
    {
      setting: "tracesSampleRatio",
      from: ["TRACING_SAMPLING_RATE", "TRACING_ENABLED"],
      make: (er) => (er.isTrue("TRACING_ENABLED") ? ratio(er.text("TRACING_SAMPLING_RATE")) : undefined),
    },
    {
      setting: "tracesServiceName",
      from: ["TRACING_SERVICE_NAME"],
      make: (er) => (er.isTrue("TRACING_ENABLED") ? er.text("TRACING_SERVICE_NAME") : undefined),
    },
  ],
};

function endpoint(er: RatelimitValues): string | undefined {
  if (!er.isTrue("TRACING_ENABLED")) return undefined;
  if (er.text("TRACING_EXPORTER_PROTOCOL") !== "grpc") return er.text("OTEL_EXPORTER_OTLP_ENDPOINT");
  er.warn("TRACING_EXPORTER_PROTOCOL: tracing is off: only OTLP over HTTP is supported");
  return undefined;
}

/** ER takes what is beyond for all or none. */
function ratio(text: string): string {
  const share = readGoNumber(text) ?? 1;
  return Math.min(Math.max(share, 0), 1).toFixed(SHARE_DIGITS);
}
