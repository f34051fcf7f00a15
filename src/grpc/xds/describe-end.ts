import { type StatusObject, status } from "@grpc/grpc-js";

/** What OpenSSL says of itself around its reason. */
const OPENSSL = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):.*$/;

/** What grpc-js says when a connection was closed without an error. */
const CLOSED = /^Failed to connect$/;

const CLOSED_WORDS =
  "the connection was closed before HTTP/2 was established: is TLS enabled on one side only, or our certificate not trusted?";

/** What grpc-js says when the server hung up with ENHANCE_YOUR_CALM, as those of gRPC do at too many pings. */
const TOO_MUCH = /^Bandwidth exhausted or memory limit exceeded$/;

const TOO_MUCH_WORDS =
  "the control plane closed the connection (ENHANCE_YOUR_CALM): raise WEIR_XDS_KEEPALIVE if it gets too many pings";

/** Why a stream ended, in one line. */
export function describeEnd({ code, details }: Pick<StatusObject, "code" | "details">): string {
  if (code === status.OK) return "the control plane ended the stream";
  // What grpc-js and Node add to what is worth knowing.
  const words = details
    .replace(/\s+/g, " ")
    .replace(/^No connection established\. Last error: /, "")
    .replace(/\.? Resolution note:.*$/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "")
    .replace(/^Error( \[\w+\])?: /, "")
    .replace(OPENSSL, "$1")
    .replace(CLOSED, CLOSED_WORDS)
    .replace(TOO_MUCH, TOO_MUCH_WORDS);
  return `${status[code]}: ${words}`;
}
