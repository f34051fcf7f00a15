/**
 * A block of commands on a page of the documentation, and what its first line says of how it runs.
 *
 * @typedef {object} Commands
 * @property {number} line where its commands begin, from 1
 * @property {string} text the commands, for bash
 * @property {number | undefined} background the port of 127.0.0.1 on which they serve until the page ends
 * @property {number} exits the exit code that they end with
 * @property {string | undefined} prints a regular expression that is found in what they print
 * @property {string | undefined} needs what has to be there that a clean machine does not have
 */

const FENCE = /^```sh(?: (.*))?$/;
/** A command that readers need not see, such as the server that a page talks to: `<!-- run WORDS: COMMAND -->`. */
const HIDDEN = /^<!-- run((?: [a-z]+=\S+)*): (.*) -->$/;
const WORDS = ["background", "exits", "prints", "needs"];

/**
 * Reads the words on the first line of a block, such as `exits=2`.
 * @param {string} text
 * @param {string} place
 */
function readWords(text, place) {
  /** @type {Record<string, string>} */
  const words = {};
  for (const word of text.split(" ").filter(Boolean)) {
    const [, name = "", value = ""] = /^([a-z]+)=(\S+)$/.exec(word) ?? [];
    if (!WORDS.includes(name)) throw new Error(`${place}: "${word}" is none of ${WORDS.join("=, ")}=`);
    words[name] = value;
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
  const { background, exits = "0", prints, needs } = readWords(words, `${page}:${line - 1}`);
  return {
    line,
    text,
    background: background === undefined ? undefined : Number(background),
    exits: Number(exits),
    prints,
    needs,
  };
}

/**
 * The commands of a page in their order.
 * @param {string} markdown
 * @param {string} page its name, for faults
 * @returns {Commands[]}
 * @throws {Error} words that mean nothing, or a block without an end
 */
export function pageCommands(markdown, page) {
  const lines = markdown.split("\n");
  /** @type {Commands[]} */
  const found = [];
  for (let index = 0; index < lines.length; index++) {
    const hidden = HIDDEN.exec(lines[index] ?? "");
    if (hidden !== null) found.push(commandsOf(hidden[1] ?? "", hidden[2] ?? "", index + 1, page));
    const fence = FENCE.exec(lines[index] ?? "");
    if (fence === null) continue;
    const end = lines.indexOf("```", index + 1);
    if (end < 0) throw new Error(`${page}:${index + 1}: a block of commands without an end`);
    found.push(commandsOf(fence[1] ?? "", lines.slice(index + 1, end).join("\n"), index + 2, page));
    index = end;
  }
  return found;
}
