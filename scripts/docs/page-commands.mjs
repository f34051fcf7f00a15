/**
 * A block of commands on a page of the documentation, and what its first line says about how it runs.
 *
 * @typedef {object} Commands
 * @property {number} line where its commands begin, from 1
 * @property {string} text the commands, for bash
 * @property {number | undefined} background the port of 127.0.0.1 on which they serve until the page ends
 * @property {number} exits the exit code that they end with
 * @property {string | undefined} prints a regular expression that is found in what they print
 * @property {string | undefined} needs what has to be there that a clean machine does not have
 */

/** What a block may need that is not there by default. */
export const NEEDS = {
  docker: "a Docker engine",
  registry: "an image registry",
  cluster: "a Kubernetes cluster, or another machine",
  "control-plane": "a control plane that sends rules",
  terminal: "somebody who ends them, or programs of yours",
  time: "minutes or hours",
  release: "somebody who may release Weir",
};

const FENCE = /^```(\S*)(?: (.*))?$/;
/** What a fence may hold that is not run. Anything else might be a command that nobody runs, or a typo. */
const NOT_RUN = new Set(["yaml", "json", "text", "mermaid"]);
/** A command that readers need not see, such as the server that a page talks to: `<!-- run WORDS: COMMAND -->`. */
const HIDDEN = /^<!-- run((?: [a-z]+=(?:"[^"]*"|\S+?))*): (.*) -->$/;
const WORDS = ["background", "exits", "prints", "needs"];
/** Assignments and nothing else: bash takes them whatever they say. */
const ONLY_ASSIGNMENTS = /^(?:[A-Za-z_]\w*=(?:'[^']*'|"[^"$`]*"|[^\s'"$`])*\s*)+$/;

/**
 * Reads the words on the first line of a block, such as `exits=2` or `prints="200 429"`.
 * @param {string} text
 * @param {string} place
 */
function readWords(text, place) {
  /** @type {Record<string, string>} */
  const words = {};
  for (const [word] of text.matchAll(/[a-z]+="[^"]*"(?!\S)|\S+/g)) {
    const [, name = "", value = ""] = /^([a-z]+)=(.+)$/.exec(word) ?? [];
    if (!WORDS.includes(name)) throw new Error(`${place}: "${word}" is none of ${WORDS.join("=, ")}=`);
    words[name] = value.replace(/^"(.*)"$/, "$1");
  }
  return words;
}

/**
 * @param {string} words
 * @param {string} text
 * @param {number} line
 * @param {string} page
 * @returns {Commands}
 */
function commandsOf(words, text, line, page) {
  const place = `${page}:${line - 1}`;
  const { background, exits = "0", prints, needs } = readWords(words, place);
  if (needs !== undefined && !Object.hasOwn(NEEDS, needs)) {
    throw new Error(`${place}: needs=${needs} is none of ${Object.keys(NEEDS).join(", ")}`);
  }
  if (isOnlyAssignments(text)) throw new Error(`${place}: sets variables and runs nothing, so it cannot fail`);
  return {
    line,
    text,
    background: background === undefined ? undefined : Number(background),
    exits: Number(exits),
    prints,
    needs,
  };
}

/** @param {string} text */
function isOnlyAssignments(text) {
  const lines = text.split("\n").filter((line) => !/^\s*(?:#|$)/.test(line));
  return lines.every((line) => ONLY_ASSIGNMENTS.test(line.trim()));
}

/**
 * Refuses what would look like code to a reader but is not a fence that this script reads.
 * @param {readonly string[]} lines
 * @param {number} index
 * @param {string} page
 */
function refuseOtherCode(lines, index, page) {
  const line = lines[index] ?? "";
  const place = `${page}:${index + 1}`;
  if (/^(?: {4}|\t)/.test(line) && (lines[index - 1] ?? "") === "") {
    throw new Error(`${place}: an indented block: put code between fences, commands between \`\`\`sh and \`\`\``);
  }
  if (/^\s+```|^\s*~~~/.test(line)) throw new Error(`${place}: a fence is three backticks at the start of the line`);
  if (/^\s*<!-- run\b/.test(line) && !HIDDEN.test(line)) {
    throw new Error(`${place}: a hidden command is <!-- run WORDS: COMMAND --> on a line of its own`);
  }
}

/**
 * The commands of a page in their order.
 * @param {string} markdown
 * @param {string} page its name, for faults
 * @returns {Commands[]}
 * @throws {Error} words that mean nothing, code that is not in a known kind of fence, a fence without an end, or commands
 * that cannot fail
 */
export function pageCommands(markdown, page) {
  const lines = markdown.split("\n");
  /** @type {Commands[]} */
  const found = [];
  for (let index = 0; index < lines.length; index++) {
    refuseOtherCode(lines, index, page);
    const hidden = HIDDEN.exec(lines[index] ?? "");
    if (hidden !== null) found.push(commandsOf(hidden[1] ?? "", hidden[2] ?? "", index + 1, page));
    const fence = FENCE.exec(lines[index] ?? "");
    if (fence === null) continue;
    const [, language = "", words = ""] = fence;
    if (language !== "sh" && !NOT_RUN.has(language)) {
      throw new Error(`${page}:${index + 1}: a fence is one of sh, ${[...NOT_RUN].join(", ")}, not "${language}"`);
    }
    const end = lines.indexOf("```", index + 1);
    if (end < 0) throw new Error(`${page}:${index + 1}: a fence without an end`);
    if (language === "sh") found.push(commandsOf(words, lines.slice(index + 1, end).join("\n"), index + 2, page));
    index = end;
  }
  return found;
}
