import { createHash } from "node:crypto";
import { type Fault, formatFault, sortFaults } from "../faults.js";
import { compileRules } from "../load-rules.js";
import { readFiles } from "../read-files.js";
import type { Rule } from "../rule.js";
import type { SourceFile } from "../source-file.js";
import { encodeRules } from "./encoded-rules.js";
import type { FaultTexts, LoadReply, LoadRequest, PlacesSlice } from "./load-messages.js";

/** Few enough that to receive their places takes a part of a millisecond. */
const RULES_A_SLICE = 50;

/** Reads and checks rules. What goes wrong unforeseen is thrown. */
export async function loadForThread({ path, options, known, mostFaults, slices }: LoadRequest): Promise<LoadReply> {
  const { files, faults } = await readFiles(path);
  const content = identify(files);
  const unreadable = faults.some(isError);
  if (content === known && !unreadable) return { kind: "unchanged" };
  const compiled = compileRules(files, options);
  const texts = describeFaults(sortFaults([...faults, ...compiled.faults]), mostFaults);
  if (compiled.rules === undefined || unreadable) return { kind: "faulty", faults: texts };
  const all = [...compiled.rules.domains.values()].flatMap((domain) => domain.rules);
  return {
    kind: "rules",
    content,
    domains: [...compiled.rules.domains.keys()],
    rules: encodeRules(all),
    slices: sendPlaces(all, slices),
    warnings: texts,
  };
}

function isError(fault: Fault): boolean {
  return fault.severity === "error";
}

/** The paths count as well: they order the rules, and faults name them. */
function identify(files: readonly SourceFile[]): string {
  const hash = createHash("sha256");
  for (const { path, text } of files) hash.update(JSON.stringify([path, text.length])).update(text);
  return hash.digest("base64");
}

/** Errors before warnings where there are too many. */
function describeFaults(faults: readonly Fault[], most: number): FaultTexts {
  const errorsFirst = () => [...faults.filter(isError), ...faults.filter((fault) => !isError(fault))];
  const told = faults.length <= most ? faults : errorsFirst().slice(0, most);
  return { texts: told.map(formatFault), more: faults.length - told.length };
}

/** @returns how many slices there were */
function sendPlaces(rules: readonly Rule[], slices: LoadRequest["slices"]): number {
  let sent = 0;
  for (let from = 0; from < rules.length; from += RULES_A_SLICE) {
    const some = rules.slice(from, from + RULES_A_SLICE).map(({ domain, path }) => ({ domain, path }));
    slices.postMessage(some satisfies PlacesSlice);
    sent++;
  }
  return sent;
}
