// Takes out of node_modules what Node never runs: types, source maps, documents, packages' own tests, builds for bundlers.
// Licenses stay. docker/load-program.mjs then shows that nothing is missed.
//
//   node docker/prune-modules.mjs NODE_MODULES
import { readdirSync, rmSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";

/** By the end of the name: TypeScript and types, maps, documents, settings of tools. */
const UNUSED_ENDINGS = new Set([
  ".ts",
  ".mts",
  ".cts",
  ".map",
  ".tsbuildinfo",
  ".md",
  ".markdown",
  ".html",
  ".yml",
  ".yaml",
  ".sh",
  ".zip",
  ".png",
  ".svg",
  ".npmignore",
  ".gitattributes",
  ".editorconfig",
  ".taprc",
  ".nycrc",
  ".eslintrc",
  ".prettierrc",
]);

/** Folders right in a package that are for the people who work on it. (`yaml` has a `dist/doc` that runs.) */
const UNUSED_FOLDERS = new Set([
  "test",
  "tests",
  "doc",
  "docs",
  "example",
  "examples",
  "bench",
  "benchmark",
  "benchmarks",
  "integration",
  ".github",
  "types",
]);

/** The same code once more, for bundlers and browsers: `exports` and `main` of these packages name other folders. */
const UNUSED_BUILDS = [
  "@opentelemetry/[^/]+/build/esm",
  "@opentelemetry/[^/]+/build/esnext",
  "@grpc/grpc-js/src",
  "zod/src",
  "ajv/lib",
  "protobufjs/dist",
  "bintrees/dist",
  "yaml/browser",
  "@js-sdsl/ordered-map/dist/(?:umd|esm)",
  "\\.bin",
].map((pattern) => new RegExp(`^${pattern}$`));

const LICENSE = /^(?:licen[cs]e|copying|notice)/i;

/** Whether a path is a package's own folder: `fastify`, `@grpc/grpc-js`, `a/node_modules/b`. */
const PACKAGE = /(?:^|\/node_modules\/)(?:@[^/]+\/)?[^@/][^/]*$/;

/**
 * @param {string} folder relative to node_modules, with a slash at its end unless it is empty
 * @param {import("node:fs").Dirent} entry
 */
function isUnused(folder, entry) {
  const { name } = entry;
  if (UNUSED_BUILDS.some((pattern) => pattern.test(folder + name))) return true;
  if (entry.isDirectory()) return UNUSED_FOLDERS.has(name) && PACKAGE.test(folder.slice(0, -1));
  return UNUSED_ENDINGS.has(extname(name) || name) && !LICENSE.test(name);
}

/**
 * @param {string} root node_modules
 * @param {string} folder as above
 */
function prune(root, folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (isUnused(folder, entry)) rmSync(join(root, folder, entry.name), { recursive: true });
    else if (entry.isDirectory()) prune(root, `${folder}${entry.name}/`);
  }
}

const [given] = process.argv.slice(2);
if (given === undefined || basename(resolve(given)) !== "node_modules") {
  throw new Error("which folder called node_modules? node docker/prune-modules.mjs NODE_MODULES");
}
prune(resolve(given), "");
