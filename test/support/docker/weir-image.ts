import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker, REPOSITORY } from "./compose.js";

const NAME = "weir:test";

/** Says of an image from which files it was built. */
const LABEL = "weir.test.tree";

/**
 * Builds Weir's image from this tree, or finds it built. By Compose, which has BuildKit in it: docker by itself needs a
 * plugin for that, and without it takes minutes where images are copied for each step.
 * @returns its name
 */
export async function buildWeirImage(): Promise<string> {
  const digest = digestOfTree();
  const known = await docker("image", "inspect", "--format", `{{index .Config.Labels "${LABEL}"}}`, NAME).catch(
    () => "",
  );
  if (known.trim() !== digest) await build(digest);
  return NAME;
}

async function build(digest: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "weir-image-"));
  const file = join(folder, "compose.json");
  const image = { context: REPOSITORY, labels: { [LABEL]: digest } };
  await writeFile(file, JSON.stringify({ services: { weir: { image: NAME, build: image } } }));
  await docker("compose", "--file", file, "build");
  await rm(folder, { recursive: true });
}

/** Of all that can change the image: what .dockerignore lets through, and the two files that say how. */
function digestOfTree(): string {
  const hash = createHash("sha256");
  const allowed = readFileSync(join(REPOSITORY, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  for (const path of [".dockerignore", "Dockerfile", ...allowed].flatMap(filesAt)) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(REPOSITORY, path)))
      .update("\0");
  }
  return hash.digest("hex");
}

/** A file, or all files under a folder, in an order that does not change. */
function filesAt(path: string): readonly string[] {
  if (!statSync(join(REPOSITORY, path)).isDirectory()) return [path];
  const inside = readdirSync(join(REPOSITORY, path), { recursive: true, encoding: "utf8" }).map((name) =>
    join(path, name),
  );
  return inside.filter((name) => statSync(join(REPOSITORY, name)).isFile()).sort();
}
