import type { Algorithm } from "../../limits/limit.js";
import { type CheckedFile, checkRead } from "../check-file.js";
import { compareText } from "../compare-text.js";
import type { FaultCode } from "../fault-codes.js";
import type { Fault } from "../faults.js";
import { MAX_RULES_BYTES } from "../read-files.js";
import { locateIn, type SourceFile } from "../source-file.js";
import { unicodeEscape } from "../unicode-escape.js";
import { fieldsOfConfig } from "./config-fields.js";
import { defaultsOf, type LimitDefaults } from "./limit-defaults.js";
import { locateDescriptors } from "./locate-descriptors.js";
import { type ReadConfig, readConfig } from "./read-config.js";
import { writeRules } from "./write-rules.js";

/** A resource as a rules file that says the same. */
export interface ReadResource {
  /** Its text is empty where it could not be decoded. */
  readonly file: SourceFile;
  /** Whether it says what it is called; otherwise its path has its number in the update. */
  readonly isNamed: boolean;
  readonly checked: CheckedFile;
}

/** What is made of resources besides what they say. */
export interface ReadOptions {
  readonly defaults: LimitDefaults;
  readonly defaultAlgorithm: Algorithm;
}

/** What paths of resources begin with, so that nobody looks for them on a disk. */
const SCHEME = "xds:";

/** Three names of Kubernetes, of 253 characters each, are still told apart. */
const LONGEST_NAME = 800;

/**
 * Decodes and checks resources, each by itself. Never throws: what is wrong comes back as faults.
 * @returns them by name, as files are by path: control planes send them in any order
 */
export function readResources(resources: readonly Uint8Array[], options: ReadOptions): ReadResource[] {
  const decoded = decodeAll(resources);
  const named = decoded.map((read, index) => ({ read, ...nameOf(read, index + 1) }));
  named.sort((a, b) => compareText(a.name, b.name));
  const paths = new UniquePaths();
  return named.map(({ read, name, isNamed }) => ({ ...checkResource(paths.add(name), read, options), isNamed }));
}

/** Gives each resource a path of its own, also where names are there twice. */
class UniquePaths {
  readonly #given = new Set<string>();
  readonly #times = new Map<string, number>();

  add(name: string): string {
    let time = this.#times.get(name) ?? 0;
    let path: string;
    do {
      time++;
      path = `${SCHEME}${name}${time === 1 ? "" : `#${time}`}`;
    } while (this.#given.has(path));
    this.#times.set(name, time);
    this.#given.add(path);
    return path;
  }
}

function decodeAll(resources: readonly Uint8Array[]): ReadConfig[] {
  let bytesLeft = MAX_RULES_BYTES;
  return resources.map((bytes) => {
    bytesLeft -= bytes.length;
    if (bytesLeft >= 0) return readConfig(bytes);
    return { config: { name: "", domain: "", descriptors: [] }, fault: { code: "too-large", message: TOO_LARGE } };
  });
}

const TOO_LARGE = `too large: the rules of all resources together may have at most ${MAX_RULES_BYTES / 2 ** 20} MiB, and this one exceeds that`;

function nameOf({ config }: ReadConfig, number: number): { name: string; isNamed: boolean } {
  const name = config.name === "" ? config.domain : config.name;
  return name === "" ? { name: `#${number}`, isNamed: false } : { name: printable(name), isNamed: true };
}

/** Paths stand in logs and terminals. */
function printable(name: string): string {
  const shown = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  return shown.replace(/\p{Cc}/gu, unicodeEscape);
}

function checkResource(
  path: string,
  { config, fault }: ReadConfig,
  { defaults, defaultAlgorithm }: ReadOptions,
): Pick<ReadResource, "file" | "checked"> {
  if (fault !== undefined) {
    return { file: { path, text: "" }, checked: { faults: [faultWithoutLine(path, fault.code, fault.message)] } };
  }
  const { text, root } = writeRules(fieldsOfConfig(config, defaultsOf(config.domain, defaults), defaultAlgorithm));
  const file = { path, text };
  const domain = path === SCHEME + config.domain || config.domain === "" ? undefined : config.domain;
  return { file, checked: checkRead({ root, locator: locateDescriptors(file, domain, root) }, defaultAlgorithm) };
}

function faultWithoutLine(path: string, code: FaultCode, message: string): Fault {
  return locateIn({ path, text: "" }).faultAt(code, 0, message);
}
