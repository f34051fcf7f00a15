import { z } from "zod";
import { oneOf, type Setting, wholeNumber } from "./kinds.js";

/** What is told to operators, and how. */
export interface ObserveSettings {
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "silent";
  readonly logFormat: "json" | "pretty" | "auto";
  readonly metricsMaxRules: number;
  /** A URL; empty: no traces. May hold a password: never print it. */
  readonly tracesOtlpEndpoint: string;
  /** 0 to 1. */
  readonly tracesSampleRatio: number;
  readonly tracesServiceName: string;
}

/** The rows of the table that are about logs, metrics and traces. */
export const OBSERVE_ROWS: { readonly [Key in keyof ObserveSettings]: Setting<ObserveSettings[Key]> } = {
  logLevel: {
    name: "log-level",
    default: "info",
    description: "The lowest level that is logged.",
    ...oneOf("trace", "debug", "info", "warn", "error", "silent"),
  },
  logFormat: {
    name: "log-format",
    default: "auto",
    description: "json is one object per line, pretty is for people; auto is pretty on a terminal and json elsewhere.",
    ...oneOf("json", "pretty", "auto"),
  },
  metricsMaxRules: {
    name: "metrics-max-rules",
    default: "10000",
    description: "How many rules have metrics of their own; all others are counted together.",
    ...wholeNumber(1, 1_000_000),
  },
  tracesOtlpEndpoint: {
    name: "traces-otlp-endpoint",
    default: "",
    description: "Where traces are sent by OTLP over HTTP, such as http://127.0.0.1:4318; empty: tracing is off.",
    schema: z.string().refine((text) => text === "" || isHttpUrl(text)),
    mayBe: "an http:// or https:// URL, or empty",
    secret: true,
  },
  tracesSampleRatio: {
    name: "traces-sample-ratio",
    default: "0.01",
    description: "The share of calls without a traceparent that are traced; a traceparent decides for its call.",
    schema: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/)
      .transform(Number),
    mayBe: "a number from 0 to 1, such as 0.05",
  },
  tracesServiceName: {
    name: "traces-service-name",
    default: "weir",
    description: "service.name in traces.",
    schema: z.string().min(1),
    mayBe: "text",
  },
};

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
