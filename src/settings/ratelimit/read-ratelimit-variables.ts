import { existsSync } from "node:fs";
import { quote } from "../../rules/quote.js";
import type { SettingKey } from "../table.js";
import type { GivenByRatelimit } from "./given-by-ratelimit.js";
import { readGoBoolean } from "./go-texts.js";
import { RATELIMIT_MAPPINGS, RATELIMIT_VARIABLES } from "./ratelimit-variables.js";
import {
  type RatelimitMapping,
  type RatelimitValues,
  type RatelimitVariable,
  RatelimitVariableError,
} from "./variable.js";

/** A setting as ER's variables make it. */
export interface MadeSetting {
  readonly setting: SettingKey;
  /** The variable that says it, by which it is known in messages. */
  readonly name: string;
  readonly text: string;
}

/** What ER's environment says. */
export interface RatelimitReading extends GivenByRatelimit {
  readonly made: readonly MadeSetting[];
  readonly errors: readonly string[];
}

const BY_NAME: ReadonlyMap<string, RatelimitVariable> = new Map(RATELIMIT_VARIABLES.map((row) => [row.name, row]));

/** What Kubernetes puts into pods beside a Service called `grpc` or `debug`: GRPC_PORT=tcp://10.0.0.7:80. */
const INJECTED_PORT = /^(?:tcp|udp|sctp):\/\//;

/** The settings that say how requests are counted. */
const ALGORITHMS = ["defaultAlgorithm", "xdsAlgorithm"] as const;

const NO_WINDOWS =
  "requests are limited by token buckets; set WEIR_DEFAULT_ALGORITHM=fixed_window " +
  "to count in fixed windows as envoyproxy/ratelimit does";

/**
 * Reads envoyproxy/ratelimit's variables. Names that others use too count only beside one that is its own.
 * @param env the environment
 * @param set what WEIR_ variables and flags say: it goes before all of this
 * @param isThere whether there is a file or a folder at a path
 * @returns undefined where the environment is not one of envoyproxy/ratelimit
 */
export function readRatelimitVariables(
  env: Readonly<Record<string, string | undefined>>,
  set: (setting: SettingKey) => string | undefined,
  isThere: (path: string) => boolean = existsSync,
): RatelimitReading | undefined {
  const given = RATELIMIT_VARIABLES.filter((row) => isGiven(row, env[row.name]));
  if (given.every(({ isCommon }) => isCommon === true)) return undefined;
  const open = RATELIMIT_MAPPINGS.filter((mapping) => isOpen(mapping, set));
  const names = new Map(open.map(({ setting, from }) => [setting, from[0] as string]));
  const told = given.filter((row) => row.fate !== "settings" || open.some(({ from }) => from.includes(row.name)));
  const faults = told.flatMap((row) => faultOf(row, env[row.name] ?? ""));
  const errors = faults.map(({ message }) => message);
  const bad = new Set(faults.map(({ name }) => name));
  const texts = new Map(told.filter(({ name }) => !bad.has(name)).map(({ name }) => [name, env[name] ?? ""]));
  const warnings: string[] = told.flatMap((row) => warningOf(row, texts.get(row.name)));
  const made = open.flatMap((mapping) => make(mapping, valuesOf(texts, set, warnings, isThere), errors));
  for (const { setting, name } of made) names.set(setting, name);
  if (ALGORITHMS.every((key) => set(key) === undefined)) warnings.push(NO_WINDOWS);
  const taken = told.map(({ name }) => name);
  return { made, names, taken, warnings: [...new Set(warnings)], errors: [...new Set(errors)] };
}

function isGiven(row: RatelimitVariable, text: string | undefined): boolean {
  if (text === undefined || (text === "" && row.mayBeEmpty !== true)) return false;
  return !(row.name.endsWith("PORT") && INJECTED_PORT.test(text));
}

/** Whether no name of Weir's own says already what the mapping is about. */
function isOpen({ setting, unlessSet = [] }: RatelimitMapping, set: (setting: SettingKey) => string | undefined) {
  return [setting, ...unlessSet].every((key) => set(key) === undefined);
}

/** A variable whose value is wrong by itself. The message begins with its name. */
interface Fault {
  readonly name: string;
  readonly message: string;
}

function faultOf(row: RatelimitVariable, text: string): Fault[] {
  const { name } = row;
  const value = row.kind.read(text);
  const shown = row.isSecret ? '"***"' : quote(text);
  if (value === undefined) return [{ name, message: `${name} must be ${row.kind.mayBe}, was ${shown}` }];
  if (row.fate !== "refused" || value === row.kind.read(row.default)) return [];
  return [{ name, message: `${name} must not be ${text}: ${row.why}` }];
}

function warningOf(row: RatelimitVariable, text: string | undefined): string[] {
  if (row.fate !== "warned" || text === undefined || row.kind.read(text) === row.kind.read(row.default)) return [];
  return [`${row.name}: ${row.why}`];
}

function valuesOf(
  texts: ReadonlyMap<string, string>,
  set: (setting: SettingKey) => string | undefined,
  warnings: string[],
  isThere: (path: string) => boolean,
): RatelimitValues {
  const text = (name: string): string => texts.get(name) ?? BY_NAME.get(name)?.default ?? "";
  return {
    text,
    isTrue: (name) => readGoBoolean(text(name)) === true,
    isGiven: (name) => texts.has(name),
    isThere,
    set,
    warn: (words) => void warnings.push(words),
  };
}

function make(mapping: RatelimitMapping, values: RatelimitValues, errors: string[]): MadeSetting[] {
  const given = mapping.from.find((candidate) => values.isGiven(candidate));
  if (given === undefined && mapping.isAlways !== true) return [];
  const name = given ?? (mapping.from[0] as string);
  try {
    const text = mapping.make(values);
    return text === undefined || text === "" ? [] : [{ setting: mapping.setting, name, text }];
  } catch (error) {
    if (!(error instanceof RatelimitVariableError)) throw error;
    errors.push(error.message);
    return [];
  }
}
