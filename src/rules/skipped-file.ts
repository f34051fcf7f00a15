import { open } from "node:fs/promises";

/** What editors leave beside a file: `x.yaml~`, `.x.yaml.swp`, `#x.yaml#`, `.#x.yaml`, `4913`. Kubernetes: `..data`. */
const LEFTOVER = /~$|^#.*#$|^\.#|^\.\.|\.sw[a-z]$|\.tmp$|^4913$/;

/** How much of a file is looked at. */
const BYTES_LOOKED_AT = 64 * 1024;

/** Whether a file that is not loaded for its name has rules in it. Files that cannot be read have none. */
export async function hasSkippedRules(path: string, name: string): Promise<boolean> {
  if (LEFTOVER.test(name)) return false;
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(BYTES_LOOKED_AT) });
      return /^["']?domain["']?\s*:/m.test(buffer.toString("utf8", 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
