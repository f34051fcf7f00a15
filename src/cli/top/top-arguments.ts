import { parseDuration } from "../../settings/duration.js";
import { ADMIN_FLAGS, type AdminTarget, readAdminTarget } from "../admin/ask-admin.js";
import type { Arguments } from "../read-arguments.js";

/** The flags of `weir top`. */
export const TOP_FLAGS = {
  ...ADMIN_FLAGS,
  interval: "value",
  once: "alone",
  json: "alone",
} as const;

/** What to do, as the command line says. */
export interface TopPlan extends AdminTarget {
  readonly intervalMillis: number;
  readonly isOnce: boolean;
  readonly asJson: boolean;
}

const LEAST_INTERVAL_MILLIS = 200;
const LONGEST_INTERVAL_MILLIS = 3_600_000;

/** Reads the command line, or says why it makes no sense. */
export function readTopPlan({ flags, positionals }: Arguments<typeof TOP_FLAGS>): TopPlan | string {
  if (positionals.length > 0) return "it takes no arguments besides flags";
  const target = readAdminTarget(flags);
  if (typeof target === "string") return target;
  const intervalMillis = parseDuration(flags.interval ?? "2s");
  const isInterval = intervalMillis !== undefined && intervalMillis >= LEAST_INTERVAL_MILLIS;
  if (!isInterval || intervalMillis > LONGEST_INTERVAL_MILLIS) {
    return "--interval must be a duration from 200ms to 1h, such as 2s";
  }
  return { ...target, intervalMillis, isOnce: flags.once === true, asJson: flags.json === true };
}
