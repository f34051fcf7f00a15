import { spawn } from "node:child_process";
import { once } from "node:events";
import { createGzip } from "node:zlib";
import { docker } from "./compose.js";

/** Bytes of an image. */
export interface ImageSize {
  /** Unpacked, all layers. */
  readonly bytes: number;
  /** All layers compressed, which is what a registry keeps and a node fetches. */
  readonly compressedBytes: number;
}

/** Measures an image of this engine. @throws Error when there is none of that name */
export async function imageSize(name: string): Promise<ImageSize> {
  const bytes = Number(await docker("image", "inspect", "--format", "{{.Size}}", name));
  const save = spawn("docker", ["image", "save", name], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(save, "close");
  let compressedBytes = 0;
  for await (const chunk of save.stdout.pipe(createGzip())) compressedBytes += (chunk as Buffer).length;
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`docker image save ${name} ended with ${code}`);
  return { bytes, compressedBytes };
}

/** As a line of words, in millions of bytes. */
export function sizeInWords({ bytes, compressedBytes }: ImageSize): string {
  return `${(bytes / 1e6).toFixed(1)} MB, ${(compressedBytes / 1e6).toFixed(1)} MB compressed`;
}
