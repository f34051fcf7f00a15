import { Composer, type CST, type Document, Lexer, Parser, type YAMLError } from "yaml";
import { type Fault, isError } from "./faults.js";
import type { Locator } from "./source-file.js";
import { findTooDeep, findTooDeepOpen, MAX_YAML_DEPTH } from "./yaml-depth.js";

/** A YAML file as nodes with offsets. */
export interface YamlFile {
  /** Undefined when there is an error among the faults. */
  readonly document: Document.Parsed | undefined;
  readonly faults: readonly Fault[];
}

/**
 * Parses one rules file. Never throws: whatever the text, what is wrong comes back as faults.
 *
 * Keys that appear twice are left to `readPairs`, since the parser compares each key with each other.
 */
export function parseYaml(text: string, locator: Locator): YamlFile {
  try {
    const { tokens, tooDeep } = readTokens(text);
    if (tooDeep === undefined) return composeDocument(tokens, text.length, locator);
    const message = `nested too deeply: at most ${MAX_YAML_DEPTH} levels of maps and lists`;
    return { document: undefined, faults: [locator.faultAt("nested-too-deep", tooDeep, message)] };
  } catch (error) {
    // The parser returns its errors; that it throws one too is not ruled out, and must not take a reload down.
    const message = `not valid YAML: ${error instanceof Error ? error.message : String(error)}`;
    return { document: undefined, faults: [locator.faultAt("invalid-yaml", 0, message)] };
  }
}

/** The documents as tokens, or the offset of what nests too deeply, found as soon as it is read. */
function readTokens(text: string): { tokens: CST.Token[]; tooDeep: number | undefined } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    const tooDeep = findTooDeepOpen(parser.stack);
    if (tooDeep !== undefined) return { tokens, tooDeep };
  }
  tokens.push(...parser.end());
  const tooDeep = tokens.map(findTooDeep).find((offset) => offset !== undefined);
  return { tokens, tooDeep };
}

function composeDocument(tokens: readonly CST.Token[], length: number, locator: Locator): YamlFile {
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: "silent", version: "1.2" });
  const documents = [...composer.compose(tokens, true, length)];
  const faults = documents.flatMap((document) => describeErrors(document, locator));
  const filled = documents.filter(hasContent);
  const second = filled[1];
  if (second !== undefined) {
    const message = "more than one document in a file; put each document into a file of its own";
    faults.push(locator.faultAt("several-documents", second.contents?.range[0] ?? 0, message));
  }
  const first = filled[0];
  if (first === undefined && faults.length === 0) {
    faults.push(locator.faultAt("empty-file", 0, "the file is empty; it must have at least a domain"));
  }
  const failed = faults.some(isError);
  return { document: failed ? undefined : first, faults };
}

function hasContent(document: Document.Parsed): boolean {
  const { contents } = document;
  return contents !== null && contents.range[1] > contents.range[0];
}

/** The first error of each line, since one slip often leads to several. */
function describeErrors(document: Document.Parsed, locator: Locator): Fault[] {
  const byLine = new Map<number, Fault>();
  for (const error of document.errors) {
    const fault = locator.faultAt("invalid-yaml", error.pos[0], describeError(error));
    if (!byLine.has(fault.position.line)) byLine.set(fault.position.line, fault);
  }
  const warnings = document.warnings.map((warning) =>
    locator.faultAt("unresolved-tag", warning.pos[0], lowerFirst(warning.message)),
  );
  return [...byLine.values(), ...warnings];
}

function describeError(error: YAMLError): string {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return "not valid YAML: a tab cannot indent a line; use spaces";
    case "BLOCK_IN_FLOW":
    case "BLOCK_AS_IMPLICIT_KEY":
      return `not valid YAML: ${lowerFirst(error.message)}; is the indent wrong, or a quote missing?`;
    default:
      return `not valid YAML: ${lowerFirst(error.message)}`;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
