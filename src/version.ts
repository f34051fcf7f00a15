import { readFileSync } from "node:fs";
import { z } from "zod";

// src/ and dist/ lie equally deep, so this finds package.json from both.
const PACKAGE_FILE = new URL("../package.json", import.meta.url);

/** The version in package.json. */
export function readVersion(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(PACKAGE_FILE, "utf8"))).version;
}
