import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import { docker } from "./compose.js";

/** Bytes of an image, or of some of its layers. */
export interface ImageSize {
  /** Unpacked. */
  readonly bytes: number;
  /** Each layer compressed, which is what a registry keeps and a node fetches. */
  readonly compressedBytes: number;
}

/**
 * Measures an image of this engine, and what it adds to its base.
 * @throws Error where there is no such image, or it is not made of that base
 */
export async function imageSizes(
  name: string,
  base: string,
): Promise<Readonly<Record<"base" | "total" | "added", ImageSize>>> {
  const [layersOfBase, layersOfAll] = [await layerIds(base), await layerIds(name)];
  if (layersOfBase.some((id, index) => layersOfAll[index] !== id)) throw new Error(`${name} is not made of ${base}`);
  const [bytesOfBase, bytes] = [await unpackedBytes(base), await unpackedBytes(name)];
  const compressed = await compressedLayers(name);
  const compressedOfBase = sum(compressed.slice(0, layersOfBase.length));
  const compressedBytes = sum(compressed);
  return {
    base: { bytes: bytesOfBase, compressedBytes: compressedOfBase },
    total: { bytes, compressedBytes },
    added: { bytes: bytes - bytesOfBase, compressedBytes: compressedBytes - compressedOfBase },
  };
}

/** As a line of words, in millions of bytes. */
export function sizeInWords({ bytes, compressedBytes }: ImageSize): string {
  return `${(bytes / 1e6).toFixed(1)} MB, ${(compressedBytes / 1e6).toFixed(1)} MB compressed`;
}

async function layerIds(name: string): Promise<readonly string[]> {
  return JSON.parse(await docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", name)) as string[];
}

async function unpackedBytes(name: string): Promise<number> {
  return Number(await docker("image", "inspect", "--format", "{{.Size}}", name));
}

/** The compressed size of each layer, from the lowest up. */
async function compressedLayers(name: string): Promise<readonly number[]> {
  const folder = await mkdtemp(join(tmpdir(), "weir-image-"));
  try {
    await docker("image", "save", "--output", join(folder, "image.tar"), name);
    await promisify(execFile)("tar", ["-C", folder, "-xf", join(folder, "image.tar")]);
    const [{ Layers: layers }] = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as [
      { readonly Layers: readonly string[] },
    ];
    return await Promise.all(layers.map((layer) => compressedSize(join(folder, layer))));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compressedSize(file: string): Promise<number> {
  let bytes = 0;
  for await (const chunk of createReadStream(file).pipe(createGzip())) bytes += (chunk as Buffer).length;
  return bytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
