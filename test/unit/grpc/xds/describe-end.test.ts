import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { describeEnd } from "../../../../src/grpc/xds/describe-end.js";

it.each([
  [status.OK, "", "the control plane ended the stream"],
  [status.UNAUTHENTICATED, "who are\nyou?", "UNAUTHENTICATED: who are you?"],
  [
    status.UNAVAILABLE,
    "No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1 (2026-11-23T10:00:00.000Z). " +
      "Resolution note: ",
    "UNAVAILABLE: connect ECONNREFUSED 127.0.0.1:1",
  ],
  [
    status.UNAVAILABLE,
    "No connection established. Last error: Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match",
    "UNAVAILABLE: Hostname/IP does not match",
  ],
  [
    status.UNAVAILABLE,
    "No connection established. Last error: 80ACC2984A7F0000:error:0A00045C:SSL routines:ssl3_read_bytes:" +
      "tlsv13 alert certificate required:../deps/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number 116\n",
    "UNAVAILABLE: tlsv13 alert certificate required",
  ],
  [status.UNAVAILABLE, "Name resolution failed for target dns:nowhere:1", /^UNAVAILABLE: Name resolution failed/],
  [status.UNAVAILABLE, "Failed to connect (2026-11-23T10:00:00.000Z)", /is TLS enabled on one side only/],
  [status.RESOURCE_EXHAUSTED, "Bandwidth exhausted or memory limit exceeded", /WEIR_XDS_KEEPALIVE/],
])("the end of a stream with status %i is told in one line of words that help: %j", (code, details, expected) => {
  const words = describeEnd({ code, details });
  expect(words).not.toContain("\n");
  if (typeof expected === "string") expect(words).toBe(expected);
  else expect(words).toMatch(expected);
});
