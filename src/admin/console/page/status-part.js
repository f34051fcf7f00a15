// @ts-check
import { announce, byId, element, setText, syncRows } from "./elements.js";
import { countOf, printable, rateText, timeText } from "./words.js";

/** @typedef {import("./api.js").Status} Status */
/** @typedef {import("./api.js").Traffic} Traffic */

/** Outcomes in words, in the order in which they are shown. The first two always are. */
const OUTCOMES = new Map([
  ["ok", "Let through"],
  ["over_limit", "Refused"],
  ["shadow_over_limit", "Refused in shadow"],
  ["never_fits", "Never fits"],
  ["unlimited", "Unlimited"],
  ["no_rule", "No rule"],
  ["unknown_domain", "Unknown domain"],
  ["replaced", "Replaced"],
  ["local", "Decided locally"],
  ["failed_open", "Store failed: let through"],
  ["failed_closed", "Store failed: refused"],
  ["failed", "Store failed"],
  ["no_rules", "No rules yet"],
  ["cancelled", "Cancelled"],
]);

const ALWAYS = ["ok", "over_limit"];

/** @typedef {{ name: string, words: string, isBad: boolean }} Sign */

/** @param {Status} status */
export function showStatus(status) {
  setText(byId("version", HTMLElement), status.version);
  const list = byId("health", HTMLElement);
  const before = list.textContent;
  /** @type {(sign: Sign) => HTMLElement} */
  const create = () => element("li", "");
  syncRows(
    list,
    signsOf(status),
    ({ name }) => name,
    create,
    (row, { words, isBad }) => {
      setText(row, words);
      row.className = isBad ? "bad" : "good";
    },
  );
  const bad = signsOf(status).filter(({ isBad }) => isBad);
  if (before !== "" && before !== list.textContent && bad.length > 0)
    announce(bad.map(({ words }) => words).join(", "));
}

/**
 * @param {Status} status
 * @returns {Sign[]}
 */
function signsOf({ store, rules }) {
  const { result = "" } = rules.lastReload ?? {};
  const isBad = result === "refused" || result === "partial";
  const readiness = store.ready ? "ready" : "not ready";
  const loaded = `${countOf(rules.rules, "rule")} since ${timeText(rules.loadedAt)}`;
  return [
    { name: "store", words: `${store.kind === "redis" ? "Redis" : "Memory"} store ${readiness}`, isBad: !store.ready },
    ...(store.breakerOpen ? [{ name: "breaker", words: "Breaker open: the store is not asked", isBad: true }] : []),
    {
      name: "rules",
      words: isBad ? `The last reload was ${result === "partial" ? "refused in part" : "refused"}` : loaded,
      isBad,
    },
  ];
}

/** @param {Status} status */
export function showReload({ rules }) {
  const { lastReload } = rules;
  const version = rules.version === undefined ? "" : `, version ${printable(rules.version)}`;
  const last = lastReload === undefined ? "not yet" : `${lastReload.result} ${timeText(lastReload.at)}`;
  setText(byId("reload-summary", HTMLElement), `${printable(rules.source)}${version}, read again: ${last}`);
  const faults = byId("reload-faults", HTMLElement);
  const texts = lastReload?.faults ?? [];
  faults.hidden = texts.length === 0;
  faults.classList.toggle("bad", lastReload?.result === "refused" || lastReload?.result === "partial");
  setText(faults, texts.map((text) => text.split("\n").map(printable).join("\n")).join("\n\n"));
}

/** @type {Traffic | undefined} */
let last;

/** @param {Traffic} traffic */
export function showFigures(traffic) {
  const seconds = last === undefined ? 0 : (Date.parse(traffic.at) - Date.parse(last.at)) / 1_000;
  const names = new Set([...ALWAYS, ...OUTCOMES.keys(), ...Object.keys(traffic.decisions)]);
  const figures = [...names].flatMap((name) => {
    const total = traffic.decisions[name] ?? 0;
    if (total === 0 && !ALWAYS.includes(name)) return [];
    // Counts of rules that are gone go with them.
    const grown = Math.max(0, total - (last?.decisions[name] ?? 0));
    return [{ name, rate: seconds > 0 ? `${rateText(grown / seconds)}/s` : "–", isQuiet: grown === 0 }];
  });
  last = traffic;
  syncRows(
    byId("figures", HTMLElement),
    figures,
    ({ name }) => name,
    createFigure,
    (row, { name, rate, isQuiet }) => {
      row.className = isQuiet ? `figure ${name} quiet` : `figure ${name}`;
      setText(/** @type {HTMLElement} */ (row.lastElementChild), rate);
    },
  );
}

/** @param {{ name: string }} figure */
function createFigure({ name }) {
  return element("div", "figure", [element("dt", "", OUTCOMES.get(name) ?? printable(name)), element("dd", "")]);
}
