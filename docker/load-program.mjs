// Loads every module of the program once, in the place where it will run: a package or a file that is missing fails the
// build of the image and not its first user.
//
//   node docker/load-program.mjs DIST
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** What begins to work when it is loaded: the program itself and the thread that reads rules; and what browsers run. */
const NOT_LOADED = /^main\.js$|^rules\/reload\/rules-thread\.js$|^admin\/console\/page\//;

/** What is loaded by name, under some settings only. */
const LOADED_LATE = [
  "pino-pretty",
  ...["api", "sdk-trace", "resources", "exporter-trace-otlp-http"].map((name) => `@opentelemetry/${name}`),
];

const [given] = process.argv.slice(2);
if (given === undefined) throw new Error("which folder? node docker/load-program.mjs DIST");
const dist = resolve(given);
const modules = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".js") && !NOT_LOADED.test(path),
);
for (const path of modules) await import(pathToFileURL(resolve(dist, path)).href);
const findFromDist = createRequire(resolve(dist, "main.js")).resolve;
for (const name of LOADED_LATE) await import(pathToFileURL(findFromDist(name)).href);
console.log(`all ${modules.length} modules of ${dist} can be loaded`);
