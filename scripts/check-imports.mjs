// Holds the one way down (docs/architecture.md): a part of src/ imports only what is below it. Types count as well.
// Prints `file:line: words` for each import that does not and exits 1. (Cycles are found by biome: noImportCycles.)
//
//   node scripts/check-imports.mjs [SRC]
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/** From the top to the bottom. A part is a folder of src/ or a file right in it, or both where they share a name. */
const ORDER = [
  "main",
  "cli",
  "app",
  "settings",
  "grpc",
  "admin",
  "http",
  "engine",
  "rules",
  "stores",
  "limits",
  "observe",
  "grpc-server",
  "h2",
  "net",
  "tls",
  "in-turns",
  "pause",
  "start-error",
  "version",
];

/** Parts that may not have all that is below them: what they may import of Weir besides themselves. */
const MAY_IMPORT = new Map([
  ["grpc-server", ["h2", "net", "tls"]],
  ["h2", []],
  ["rules", ["limits", "in-turns", "start-error"]],
  ["stores", ["limits", "observe", "tls", "pause", "start-error"]],
  ["limits", []],
  ["observe", []],
  ["net", []],
  ["tls", []],
]);

/** Parts that not all above them may have: who may import them besides themselves. */
const IMPORTED_BY = new Map([["settings", ["cli", "app"]]]);

/** Parts of plain arithmetic, which import no package and nothing of Node either. */
const PURE = ["limits"];

/** All the ways to name another module; biome's format makes imports and exports start their line. */
const IMPORTS = [
  /^(?:import|export)\b(?:[^"'`;]*?\bfrom)?\s*["']([^"']+)["']/gm,
  /\b(?:import|require)\(\s*["'`]([^"'`]+)["'`]/g,
  /\bnew URL\(\s*["']([^"']+\.js)["'],\s*import\.meta\.url/g,
];

/** @param {string} path relative to src/ */
function partOf(path) {
  const [first = ""] = path.split(sep);
  return first.replace(/\.[jt]s$/, "");
}

/**
 * Why a part may not import another, or undefined when it may.
 * @param {string} from
 * @param {string} to
 */
function whyNot(from, to) {
  if (from === to) return undefined;
  for (const part of [from, to]) {
    if (!ORDER.includes(part))
      return `src/${part} has no place in the order yet: give it one in scripts/check-imports.mjs`;
  }
  if (ORDER.indexOf(to) < ORDER.indexOf(from)) return `${to} is above ${from}, and imports only point down`;
  const mayImport = MAY_IMPORT.get(from);
  if (mayImport !== undefined && !mayImport.includes(to)) {
    return `${from} may import ${mayImport.length === 0 ? "nothing of Weir" : `only ${mayImport.join(", ")}`}`;
  }
  const importedBy = IMPORTED_BY.get(to);
  if (importedBy !== undefined && !importedBy.includes(from))
    return `only ${importedBy.join(" and ")} may import ${to}`;
  return undefined;
}

/**
 * What is wrong with one import, or undefined.
 * @param {string} src the folder, absolute
 * @param {string} file relative to it
 * @param {string} specifier
 */
function fault(src, file, specifier) {
  const from = partOf(file);
  if (!specifier.startsWith(".")) return PURE.includes(from) ? `${from} imports nothing but itself` : undefined;
  const target = relative(src, resolve(src, dirname(file), specifier));
  if (target.startsWith("..")) return "it leaves src/, and would not be found from dist/";
  return whyNot(from, partOf(target));
}

/**
 * The faults of one file, as `file:line: words`.
 * @param {string} src
 * @param {string} file
 */
function faultsOf(src, file) {
  const text = readFileSync(join(src, file), "utf8");
  const found = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)]).sort((a, b) => a.index - b.index);
  return found.flatMap((match) => {
    const [statement, specifier = ""] = match;
    const words = fault(src, file, specifier);
    if (words === undefined) return [];
    const line = text.slice(0, match.index + statement.lastIndexOf(specifier)).split("\n").length;
    return [`${join(relative(process.cwd(), src), file)}:${line}: import of "${specifier}": ${words}`];
  });
}

const src = resolve(process.argv[2] ?? join(import.meta.dirname, "../src"));
if (!statSync(src, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`there is no folder ${src}`);
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .sort();
if (files.length === 0) throw new Error(`there are no TypeScript files in ${src}`);
const faults = files.flatMap((file) => faultsOf(src, file));
for (const line of faults) console.error(line);
if (faults.length > 0) {
  console.error(
    `${faults.length} of the imports under ${relative(process.cwd(), src) || src} point where they may not`,
  );
  process.exitCode = 1;
}
