/** Headers that belong to one connection, or that the proxy itself writes. In lower case. */
export const PROXY_HEADERS: readonly string[] = [
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
