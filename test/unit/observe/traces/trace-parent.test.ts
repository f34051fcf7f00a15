import { describe, expect, it } from "vitest";
import { parseTraceParent } from "../../../../src/observe/traces/trace-parent.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("a traceparent", () => {
  it("names the trace, the caller's span, and whether the caller samples", () => {
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled: true });
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-02`)?.isSampled).toBe(false);
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-03`)?.isSampled).toBe(true);
  });

  it("of a later version may say more", () => {
    expect(parseTraceParent(`cc-${TRACE}-${SPAN}-01-more`)?.traceId).toBe(TRACE);
  });

  it.each([
    ["nothing", undefined],
    ["an empty text", ""],
    ["a wrong version", `ff-${TRACE}-${SPAN}-01`],
    ["more than version 00 has", `00-${TRACE}-${SPAN}-01-more`],
    ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["capitals", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["too few digits", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["words before it", `x00-${TRACE}-${SPAN}-01`],
    ["a line end after it", `00-${TRACE}-${SPAN}-01\n`],
  ])("is not %s", (_, text) => {
    expect(parseTraceParent(text)).toBeUndefined();
  });
});
