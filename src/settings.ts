import { nearest } from "./rules/nearest.js";
import { quote } from "./rules/quote.js";
import { findContradictions } from "./settings/contradictions.js";
import type { GivenByRatelimit } from "./settings/ratelimit/given-by-ratelimit.js";
import { readRatelimitVariables } from "./settings/ratelimit/read-ratelimit-variables.js";
import { readFlags } from "./settings/read-flags.js";
import {
  flagOf,
  SETTING_ROWS,
  type Setting,
  type SettingKey,
  type Settings,
  settingsSchema,
  VARIABLE_PREFIX,
  variableOf,
} from "./settings/table.js";

export type { Settings } from "./settings/table.js";

/** Environment variables by name, as process.env has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings, or every reason why there are none, a line each. */
export type SettingsResult =
  | { readonly settings: Settings; readonly errors?: undefined }
  | { readonly settings?: undefined; readonly errors: readonly string[] };

/** A value and the name under which it came: the flag's, or the variable's. */
interface Given {
  readonly name: string;
  readonly text: string;
}

/** What was given, by the setting's key; and what is wrong with it so far. */
interface Collected {
  readonly given: Map<SettingKey, Given>;
  readonly errors: string[];
}

type Row = (typeof SETTING_ROWS)[number];

const ROW_BY_VARIABLE: ReadonlyMap<string, Row> = new Map(SETTING_ROWS.map((row) => [variableOf(row[1]), row]));
const ROW_BY_FLAG: ReadonlyMap<string, Row> = new Map(SETTING_ROWS.map((row) => [flagOf(row[1]), row]));

/** Kubernetes puts these into every pod of a namespace that has a Service called weir. */
const INJECTED_BY_KUBERNETES = /^WEIR_(PORT$|PORT_|SERVICE_)/;

/**
 * Reads settings from the environment and from flags, which win.
 * @param env the environment; of it names count that begin with WEIR_ and, after those, envoyproxy/ratelimit's
 * @param argv the command line after the command's name
 */
export function readSettings(env: Environment, argv: readonly string[]): SettingsResult {
  const collected: Collected = { given: new Map(), errors: [] };
  collectVariables(env, collected);
  collectFlags(argv, collected);
  const ratelimit = collectRatelimitVariables(env, collected);
  const texts = SETTING_ROWS.map(([key, setting]) => [key, collected.given.get(key)?.text ?? setting.default]);
  const parsed = settingsSchema.safeParse(Object.fromEntries(texts));
  if (parsed.success && collected.errors.length === 0) {
    const settings = ratelimit === undefined ? parsed.data : { ...parsed.data, givenByRatelimit: ratelimit };
    const contradictions = findContradictions(settings);
    return contradictions.length === 0 ? { settings } : { errors: contradictions };
  }
  const wrong = new Set(parsed.error?.issues.map((issue) => issue.path[0]));
  const wrongValues = SETTING_ROWS.filter(([key]) => wrong.has(key)).map((row) => describeWrongValue(row, collected));
  return { errors: [...collected.errors, ...wrongValues] };
}

function collectVariables(env: Environment, { given, errors }: Collected): void {
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(VARIABLE_PREFIX) || text === undefined) continue;
    const row = ROW_BY_VARIABLE.get(name);
    if (row !== undefined) given.set(row[0], { name, text });
    else if (!INJECTED_BY_KUBERNETES.test(name)) errors.push(describeUnknown(name, ROW_BY_VARIABLE));
  }
}

/** What envoyproxy/ratelimit's names say where nothing else does. */
function collectRatelimitVariables(env: Environment, { given, errors }: Collected): GivenByRatelimit | undefined {
  const reading = readRatelimitVariables(env, (key) => given.get(key)?.text);
  if (reading === undefined) return undefined;
  for (const { setting, name, text } of reading.made) given.set(setting, { name, text });
  errors.push(...reading.errors);
  const { names, taken, warnings } = reading;
  return { names, taken, warnings };
}

function collectFlags(argv: readonly string[], { given, errors }: Collected): void {
  const { flags, strays } = readFlags(argv);
  for (const { flag, value } of flags) {
    const row = ROW_BY_FLAG.get(flag);
    if (row === undefined) {
      errors.push(describeUnknown(flag, ROW_BY_FLAG));
      continue;
    }
    const [key, setting] = row;
    const text = value ?? impliedValue(setting);
    if (text === undefined) errors.push(`${flag} needs a value: ${setting.mayBe}`);
    else given.set(key, { name: flag, text });
  }
  for (const stray of strays) errors.push(`unexpected argument ${showValue(stray)}`);
}

/** `--global-shadow` alone means true. */
function impliedValue(setting: Setting<unknown>): string | undefined {
  return setting.schema.safeParse("true").data === true ? "true" : undefined;
}

function describeUnknown(name: string, known: ReadonlyMap<string, Row>): string {
  const near = nearest(name, [...known.keys()]);
  return near === undefined ? `${name} is not a setting` : `${name} is not a setting; did you mean ${near}?`;
}

function describeWrongValue([key, setting]: Row, { given }: Collected): string {
  const { name, text } = given.get(key) ?? { name: flagOf(setting), text: setting.default };
  return `${name} must be ${setting.mayBe}, was ${setting.secret ? showScheme(text) : showValue(text)}`;
}

/** The value in quotes, but for what follows the scheme of a URL: a URL in the wrong place may hold a password too. */
function showValue(text: string): string {
  return text.includes("://") ? showScheme(text) : quote(text);
}

function showScheme(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? "";
  return quote(`${scheme}***`);
}
