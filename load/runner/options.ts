import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SCENARIOS, type Scenario } from "./scenarios.js";

const NAMES = Object.entries(SCENARIOS).map(([name, { shows, rate, seconds }]) => {
  return `  ${name.padEnd(8)} ${shows} (${rate}/s, ${seconds} s)`;
});

export const USAGE = `npm run load -- [SCENARIO ...] [options]
${NAMES.join("\n")}
Without a name: steady, mixed and ramp, one after the other.

  --rate N               requests a second
  --seconds N            how long
  --timeout MILLIS       how long Envoy waits for Weir (default 20, as envoy/envoy.yaml says); Weir waits half of it for Redis
  --rate-within PERCENT  how far the number of requests may be from what the rate makes (default 1)
  --weirs N              replicas (default 2)
  --rules PATH           other rules than load/rules, which must allow the same
Exit code 1 when a check failed, 2 for options that cannot be followed.`;

/** Options that cannot be followed, in words. */
export class UsageError extends Error {
  override name = "UsageError";
}

export interface Options {
  readonly help: boolean;
  readonly scenarios: readonly (readonly [name: string, scenario: Scenario])[];
  readonly timeoutMillis: number;
  readonly weirs: number;
  readonly rules: string;
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0 && value <= most)) {
    throw new UsageError(`--${name} ${text}: a whole number from 1 to ${most} is wanted`);
  }
  return value;
}

function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    throw new UsageError(`${name}: there is no such scenario, only ${Object.keys(SCENARIOS).join(", ")}`);
  }
  return scenario;
}

function rulesAt(path: string): string {
  const rules = resolve(path);
  if (!existsSync(rules)) throw new UsageError(`--rules ${path}: there is no such file or folder`);
  return rules;
}

/** @throws {UsageError} */
export function readOptions(args: string[]): Options {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        rate: { type: "string" },
        seconds: { type: "string" },
        timeout: { type: "string", default: "20" },
        "rate-within": { type: "string", default: "1" },
        weirs: { type: "string", default: "2" },
        rules: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const { rate, seconds, rules } = values;
    const pace = {
      ...(rate === undefined ? {} : { rate: wholeNumber("rate", rate, 1_000_000) }),
      rateTolerance: wholeNumber("rate-within", values["rate-within"], 100) / 100,
      ...(seconds === undefined ? {} : { seconds: wholeNumber("seconds", seconds, 1_000_000) }),
    };
    const names = positionals.length === 0 ? ["steady", "mixed", "ramp"] : positionals;
    return {
      help: values.help,
      scenarios: names.map((name) => [name, { ...scenarioOf(name), ...pace }] as const),
      timeoutMillis: wholeNumber("timeout", values.timeout, 60_000),
      weirs: wholeNumber("weirs", values.weirs, 16),
      rules: rules === undefined ? resolve(import.meta.dirname, "../rules") : rulesAt(rules),
    };
  } catch (error) {
    // parseArgs throws a TypeError for an option that it does not know.
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
