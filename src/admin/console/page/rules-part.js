// @ts-check
import { call } from "./api.js";
import { apart, byId, element, setText, syncRows } from "./elements.js";
import { countOf, limitText, printable, rateText, shown } from "./words.js";

/** @typedef {import("./api.js").Rule} Rule */
/** @typedef {import("./api.js").MetRule} MetRule */
/** @typedef {import("./api.js").Status} Status */
/** @typedef {{ rule: Rule, key: string, text: string, place: number }} Indexed */

/** Rules on a page of the table. */
const PAGE = 15;

/** Rules of one call: small parts, so that no decision waits for them. */
const PART = 200;

/** Rules that are loaded, at most. */
const MOST = 20_000;

/**
 * The rules in force: loaded once for each time that they change, searched and paged here; only rates are asked for
 * again and again.
 */
export class RulesPart {
  /** @type {readonly Indexed[]} */
  #index = [];
  /** @type {ReadonlyMap<string, MetRule>} */
  #rates = new Map();
  #loadedAt = "";
  #page = 0;
  #total = 0;
  #isLoading = false;

  constructor() {
    const turn = (/** @type {number} */ pages) => () => {
      this.#page += pages;
      this.#render();
    };
    for (const id of ["rules-search", "rules-order"]) {
      byId(id, HTMLElement).addEventListener("input", () => {
        this.#page = 0;
        this.#render();
      });
    }
    byId("rules-before", HTMLButtonElement).addEventListener("click", turn(-1));
    byId("rules-after", HTMLButtonElement).addEventListener("click", turn(1));
  }

  /** @param {Status} status @param {readonly MetRule[]} met */
  async show({ rules }, met) {
    this.#rates = new Map(met.map((rule) => [keyOf(rule), rule]));
    if (rules.loadedAt !== this.#loadedAt && !this.#isLoading) await this.#load(rules.loadedAt);
    this.#render();
  }

  /** @param {string} loadedAt */
  async #load(loadedAt) {
    this.#isLoading = true;
    try {
      /** @type {Indexed[]} */
      const index = [];
      for (let total = 1; index.length < Math.min(total, MOST); ) {
        const answer = await call("GET", `rules?offset=${index.length}&limit=${PART}`);
        total = answer.total;
        this.#total = total;
        for (const rule of answer.rules) index.push(indexed(rule, index.length));
        // They became fewer meanwhile.
        if (answer.rules.length === 0) break;
      }
      this.#index = index;
      this.#loadedAt = loadedAt;
    } finally {
      this.#isLoading = false;
    }
  }

  #render() {
    const found = this.#found();
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    this.#page = Math.min(Math.max(0, this.#page), pages - 1);
    const visible = found.slice(this.#page * PAGE, (this.#page + 1) * PAGE);
    syncRows(
      byId("rules-rows", HTMLElement),
      visible,
      (one) => `${one.place}\n${one.text}`,
      createRow,
      (row, { key }) => this.#update(row, key),
    );
    byId("rules-none", HTMLElement).hidden = found.length > 0;
    setText(byId("rules-page", HTMLElement), `Page ${this.#page + 1} of ${pages}`);
    byId("rules-before", HTMLButtonElement).disabled = this.#page === 0;
    byId("rules-after", HTMLButtonElement).disabled = this.#page >= pages - 1;
    const all = countOf(this.#total, "rule");
    const isWhole = this.#index.length >= this.#total;
    const summary = isWhole ? all : `the first ${this.#index.length.toLocaleString()} of ${all}`;
    setText(
      byId("rules-summary", HTMLElement),
      found.length === this.#index.length ? summary : `${found.length} of ${summary}`,
    );
  }

  #found() {
    const words = byId("rules-search", HTMLInputElement).value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#index.filter(({ text }) => words.every((word) => text.includes(word)));
    if (byId("rules-order", HTMLSelectElement).value === "files") return found;
    return found.sort((a, b) => this.#weight(b.key) - this.#weight(a.key) || a.place - b.place);
  }

  /** @param {string} key */
  #weight(key) {
    const rates = this.#rates.get(key);
    return rates === undefined ? 0 : rates.okPerSecond + rates.overLimitPerSecond;
  }

  /** @param {HTMLElement} row @param {string} key */
  #update(row, key) {
    const { okPerSecond = 0, overLimitPerSecond = 0 } = this.#rates.get(key) ?? {};
    for (const [index, rate] of [okPerSecond, overLimitPerSecond].entries()) {
      const cell = /** @type {HTMLElement} */ (row.children[index + 2]);
      setText(cell, rateText(rate));
      cell.classList.toggle("nothing", rate === 0);
      cell.classList.toggle("strong", rate > 0 && index === 1);
    }
  }
}

/** @param {{ domain: string, rule: string }} rule */
function keyOf({ domain, rule }) {
  return `${domain}\n${rule}`;
}

/** @param {Rule} rule @param {number} place @returns {Indexed} */
function indexed(rule, place) {
  const { file, line } = rule.source;
  const limits = rule.limits.map(limitText).join(" ");
  const text = [rule.domain, rule.rule, `${file}:${line}`, limits, ...rule.flags].join(" ").toLowerCase();
  return { rule, key: keyOf(rule), text, place };
}

/** @param {Indexed} indexed */
function createRow({ rule }) {
  const { domain, rule: label, flags, source, limits } = rule;
  const where = printable(`${source.file}:${source.line}`);
  const name = element("td", "", [
    apart("mono", shown(label)),
    element("div", "hint", [apart("", shown(domain)), document.createTextNode(` · ${where}`)]),
  ]);
  const cell = element("td", "");
  for (const limit of limits) cell.append(element("div", "", shown(limitText(limit))));
  for (const flag of flags) cell.append(element("span", "flag", flag.replace("_", " ")));
  return element("tr", "", [name, cell, ...["OK/s", "Refused/s"].map(numberCell)]);
}

/** @param {string} label for narrow screens, where the head of the table is not shown */
function numberCell(label) {
  const cell = element("td", "number");
  cell.dataset.label = label;
  return cell;
}
