import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { Page } from "../page.js";

/** Beside this file, in src/ as in dist/. */
const FOLDER = join(import.meta.dirname, "page");

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** Nothing runs, loads or is shown elsewhere but what is served here: descriptors come from strangers. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

/**
 * The console as browsers load it: index.html at `/`, all else under `/console/`. Read once.
 * @throws Error when the files are not there
 */
export function readConsolePages(): readonly Page[] {
  return readdirSync(FOLDER)
    .sort()
    .flatMap((name) => {
      const contentType = CONTENT_TYPES[extname(name)];
      if (contentType === undefined) return [];
      const path = name === "index.html" ? "/" : `/console/${name}`;
      return [{ path, contentType, body: readFileSync(join(FOLDER, name)), headers: HEADERS }];
    });
}
