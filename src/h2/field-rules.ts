/** The characters of a field name (RFC 9110 section 5.6.2), without the upper case ones that HTTP/2 does not have. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** What a value may not hold or begin or end with (RFC 9113 section 8.2.1). */
const WRONG_IN_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;

/** Fields about a connection of HTTP/1 (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** Why a field that is no pseudo field makes its message malformed. */
export function faultOfField(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return name.startsWith(":") ? "a pseudo field out of place" : "a wrong field name";
  if (WRONG_IN_VALUE.test(value)) return "a wrong field value";
  if (CONNECTION_FIELDS.has(name)) return "a field about the connection";
  if (name === "te" && value !== "trailers") return "a te other than trailers";
  return undefined;
}
