import { expect, it } from "vitest";
import { readSettings } from "../../../src/settings.js";

it.each([
  ["WEIR_LOG_FORMAT", "xml", 'must be json, pretty or auto, was "xml"'],
  ["WEIR_METRICS_MAX_RULES", "0", 'must be a whole number from 1 to 1000000, was "0"'],
  ["WEIR_TRACES_SAMPLE_RATIO", "1.5", 'must be a number from 0 to 1, such as 0.05, was "1.5"'],
  ["WEIR_TRACES_SAMPLE_RATIO", ".5", 'must be a number from 0 to 1, such as 0.05, was ".5"'],
  ["WEIR_TRACES_OTLP_ENDPOINT", "localhost:4318", 'must be an http:// or https:// URL, or empty, was "***"'],
  [
    "WEIR_TRACES_OTLP_ENDPOINT",
    "grpc://u:secret@h:4317",
    'must be an http:// or https:// URL, or empty, was "grpc://***"',
  ],
])("%s=%s is refused in words without secrets", (name, text, words) => {
  expect(readSettings({ [name]: text }, [])).toEqual({ errors: [`${name} ${words}`] });
});

it.each(["0", "1", "0.005", "1.0"])("the share of calls to trace may be %s", (text) => {
  expect(readSettings({ WEIR_TRACES_SAMPLE_RATIO: text }, []).settings?.tracesSampleRatio).toBe(Number(text));
});
