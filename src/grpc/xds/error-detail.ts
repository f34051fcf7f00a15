import type { FaultTexts } from "../../rules/fault-texts.js";

/** Longer words are of no use in a control plane's log, and some have a bound for what they receive. */
const LONGEST_MESSAGE = 4_096;

/** As many of the faults as there is room for, a line each, and how many more there are; at least the start of the first. */
export function joinFaults({ texts, more }: FaultTexts): string {
  const whole = texts.join("\n");
  if (whole.length <= LONGEST_MESSAGE) return more === 0 ? whole : `${whole}\nand ${more} more`;
  const lines: string[] = [];
  let length = 0;
  for (const text of texts) {
    length += text.length + 1;
    if (length > LONGEST_MESSAGE) break;
    lines.push(text);
  }
  if (lines.length === 0) lines.push(`${texts[0]?.slice(0, LONGEST_MESSAGE)}…`);
  const left = more + texts.length - lines.length;
  return left === 0 ? lines.join("\n") : [...lines, `and ${left} more`].join("\n");
}
