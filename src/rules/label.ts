import type { StepPattern } from "./step-kind.js";
import { unicodeEscape } from "./unicode-escape.js";

/**
 * A rule in metrics and logs, such as `path=/login/* > remote_address` or `client~cidr:10.0.0.0/8`. No two paths have
 * one label: `\` and `>`, and `=` and `~` in keys, get a backslash, control characters are written `\u000a`.
 */
export function labelOf(path: readonly StepPattern[]): string {
  return path.map(labelStep).join(" > ");
}

/** One step of a label; different steps have different ones. */
export function labelStep({ key, value, cidr, regex }: StepPattern): string {
  const keyLabel = escapeText(key.replace(/\\/g, "\\\\").replace(/[=~]/g, "\\$&"));
  if (cidr !== undefined) return `${keyLabel}~cidr:${escapeValue(cidr)}`;
  if (regex !== undefined) return `${keyLabel}~regex:${escapeValue(regex)}`;
  return value === undefined ? keyLabel : `${keyLabel}=${escapeValue(value)}`;
}

function escapeValue(value: string): string {
  return escapeText(value.replace(/\\/g, "\\\\"));
}

function escapeText(text: string): string {
  return text.replace(/>/g, "\\>").replace(/\p{Cc}/gu, unicodeEscape);
}
