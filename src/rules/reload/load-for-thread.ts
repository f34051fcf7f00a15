import { createHash } from "node:crypto";
import { DEFAULT_ALGORITHM } from "../algorithm.js";
import { describeFaults, type FaultTexts, NO_FAULTS } from "../fault-texts.js";
import { isError, sortFaults } from "../faults.js";
import { compileChecked, compileRules } from "../load-rules.js";
import { readFiles } from "../read-files.js";
import type { Rule, RuleSet } from "../rule.js";
import type { SourceFile } from "../source-file.js";
import { unpackParts } from "../sources/packed-parts.js";
import { packTexts, unpackTexts } from "../sources/packed-texts.js";
import type { RulesInput } from "../sources/rules-input.js";
import { acceptResources } from "../xds/accept-resources.js";
import { encodeRules } from "./encoded-rules.js";
import type { LoadReply, LoadRequest, PlacesSlice } from "./load-messages.js";

/** Few enough that to receive their places takes a part of a millisecond. */
const RULES_A_SLICE = 50;

/** Reads and checks rules. What goes wrong unforeseen is thrown. */
export async function loadForThread(request: LoadRequest): Promise<LoadReply> {
  const { input } = request;
  return input.kind === "files" ? await loadFiles(input.path, request) : loadResources(input, request);
}

async function loadFiles(path: string, request: LoadRequest): Promise<LoadReply> {
  const { files, faults } = await readFiles(path);
  const content = identify(files);
  const unreadable = faults.some(isError);
  if (content === request.known && !unreadable) return { kind: "unchanged" };
  const compiled = compileRules(files, request.options);
  const texts = describeFaults(sortFaults([...faults, ...compiled.faults]), request.mostFaults);
  if (compiled.rules === undefined || unreadable) return { kind: "faulty", faults: texts };
  return replyWith({ rules: compiled.rules, files, content, warnings: texts, refused: NO_FAULTS }, request);
}

const NO_RESOURCES: FaultTexts = {
  texts: ["warning: the update has no resources: there are no rules, and every request is let through"],
  more: 0,
};

function loadResources(input: RulesInput & { kind: "resources" }, request: LoadRequest): LoadReply {
  const { defaultAlgorithm = DEFAULT_ALGORITHM } = request.options;
  const resources = unpackParts(input.resources);
  const options = { defaults: input.defaults, defaultAlgorithm };
  const { accepted, faults, isUseless } = acceptResources(resources, unpackTexts(request.inForce), options);
  const refused = describeFaults(sortFaults(faults), request.mostFaults);
  if (isUseless) return { kind: "faulty", faults: refused };
  const files = accepted.map(({ file }) => file);
  const content = identify(files);
  if (content === request.known)
    return faults.length === 0 ? { kind: "unchanged" } : { kind: "faulty", faults: refused };
  const compiled = compileChecked(
    accepted.map(({ checked }) => checked),
    [],
    defaultAlgorithm,
  );
  if (compiled.rules === undefined) throw new Error("resources that were accepted do not compile");
  const warnings = resources.length === 0 ? NO_RESOURCES : describeFaults(compiled.faults, request.mostFaults);
  return replyWith({ rules: compiled.rules, files, content, warnings, refused }, request);
}

/** Rules that are good. */
interface Made {
  readonly rules: RuleSet;
  readonly files: readonly SourceFile[];
  readonly content: string;
  readonly warnings: FaultTexts;
  readonly refused: FaultTexts;
}

function replyWith({ rules, files, content, warnings, refused }: Made, { slices }: LoadRequest): LoadReply {
  const all = [...rules.domains.values()].flatMap((domain) => domain.rules);
  return {
    kind: "rules",
    content,
    domains: [...rules.domains.keys()],
    rules: encodeRules(all),
    slices: sendPlaces(all, slices),
    texts: packTexts(files),
    warnings,
    refused,
  };
}

/** The paths count as well: they order the rules, and faults name them. */
function identify(files: readonly SourceFile[]): string {
  const hash = createHash("sha256");
  for (const { path, text } of files) hash.update(JSON.stringify([path, text.length])).update(text);
  return hash.digest("base64");
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
