import { z } from "zod";
import type { DescriptorOverride } from "../../engine/override-index.js";
import { UNITS } from "../api/units.js";

/** Who decided something, why, and for how long. Times are the store's, milliseconds since the epoch. */
export interface Decree {
  readonly who: string;
  readonly why: string;
  readonly sinceMillis: number;
  readonly untilMillis: number;
}

/** An override, and whose it is. */
export interface AdminOverride extends DescriptorOverride, Decree {
  readonly id: string;
}

/** All that operators have decided. Immutable. */
export interface ControlDocument {
  readonly overrides: readonly AdminOverride[];
  /** Enforcement is paused. */
  readonly pause?: Decree;
}

export const NOTHING_DECIDED: ControlDocument = { overrides: [] };

/** Another format is another number. */
const FORMAT = 1;

const decreeShape = { who: z.string(), why: z.string(), sinceMillis: z.number(), untilMillis: z.number() };

const entrySchema = z.union([
  z.object({ key: z.string(), value: z.string() }),
  z.object({ key: z.string(), digest: z.string() }),
]);

const limitSchema = z.union([
  z.object({ unlimited: z.literal(true) }),
  z.object({
    requestsPerUnit: z.int().min(0),
    unit: z.enum(UNITS),
    unitMultiplier: z.int().min(1),
    burst: z.int().min(0).exactOptional(),
  }),
]);

const documentSchema = z.object({
  format: z.literal(FORMAT),
  overrides: z.array(
    z.object({
      id: z.string(),
      domain: z.string(),
      descriptor: z.array(entrySchema).min(1),
      limit: limitSchema,
      ...decreeShape,
    }),
  ),
  pause: z.object(decreeShape).exactOptional(),
});

/**
 * Reads what `writeDocument` has written, here or on another replica, of another version perhaps.
 * @throws Error when it cannot be read
 */
export function readDocument(text: string): ControlDocument {
  if (text === "") return NOTHING_DECIDED;
  const { overrides, pause } = documentSchema.parse(JSON.parse(text));
  return pause === undefined ? { overrides } : { overrides, pause };
}

/** Empty where nothing is decided. */
export function writeDocument(document: ControlDocument): string {
  const { overrides, pause } = document;
  return overrides.length === 0 && pause === undefined ? "" : JSON.stringify({ format: FORMAT, ...document });
}

/** Without what has ended. The same object where nothing has. */
export function withoutEnded(document: ControlDocument, nowMillis: number): ControlDocument {
  const { overrides, pause } = document;
  if (nextEndMillis(document) > nowMillis) return document;
  const left = overrides.filter(({ untilMillis }) => untilMillis > nowMillis);
  return pause !== undefined && pause.untilMillis > nowMillis ? { overrides: left, pause } : { overrides: left };
}

/** When the first of all ends; Infinity where nothing is decided. */
export function nextEndMillis({ overrides, pause }: ControlDocument): number {
  const first = overrides.reduce((next, { untilMillis }) => Math.min(next, untilMillis), Number.POSITIVE_INFINITY);
  return Math.min(first, pause?.untilMillis ?? Number.POSITIVE_INFINITY);
}

/** When the last of all ends; 0 where nothing is decided. */
export function lastEndMillis({ overrides, pause }: ControlDocument): number {
  return overrides.reduce((last, { untilMillis }) => Math.max(last, untilMillis), pause?.untilMillis ?? 0);
}
