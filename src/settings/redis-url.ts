const SCHEMES: readonly string[] = ["redis:", "rediss:", "unix:"];

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether this is a URL of a Redis server: `redis://` and `rediss://` with a host, `unix://` with an absolute path. */
export function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (!SCHEMES.includes(url.protocol) || !text.startsWith(`${url.protocol}//`)) return false;
  if (url.protocol === "unix:") return url.hostname === "" && url.pathname.length > 1;
  return url.hostname !== "" && isDecodable(url.username) && isDecodable(url.password);
}
