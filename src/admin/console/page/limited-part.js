// @ts-check
import { apart, button, byId, descriptorElement, element, setText, syncRows } from "./elements.js";
import { countOf, rateText, shown } from "./words.js";

/** @typedef {import("./api.js").Limited} Limited */
/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {(domain: string, descriptor: readonly Entry[]) => void} Use */

/** Who is refused now, and what can be done about it. */
export class LimitedPart {
  #uses;

  /** @param {{ lookUp: Use, override: Use }} uses of a descriptor */
  constructor(uses) {
    this.#uses = uses;
  }

  /** @param {{ window: number, limited: readonly Limited[] }} answer */
  show({ window, limited }) {
    const seconds = countOf(Math.round(window), "second");
    setText(byId("limited-summary", HTMLElement), `most refused first, over the last ${seconds}`);
    byId("limited-none", HTMLElement).hidden = limited.length > 0;
    const keyOf = (/** @type {Limited} */ { domain, descriptor, rule }) => JSON.stringify([domain, descriptor, rule]);
    const rows = byId("limited-rows", HTMLElement);
    syncRows(
      rows,
      limited,
      keyOf,
      (one) => this.#create(one),
      (row, one) => {
        setText(/** @type {HTMLElement} */ (row.children[2]), rateText(one.refusedPerSecond));
      },
    );
    rows.closest("table")?.toggleAttribute("hidden", limited.length === 0);
  }

  /** @param {Limited} limited */
  #create({ domain, descriptor, rule }) {
    const place = element("div", "hint", [apart("", shown(domain))]);
    const actions = element("td", "actions");
    // A digest can be neither looked up nor given a limit.
    if (descriptor.every(({ value }) => value !== undefined)) {
      actions.append(
        button("Look up", "quiet", () => this.#uses.lookUp(domain, descriptor)),
        button("Override", "quiet", () => this.#uses.override(domain, descriptor)),
      );
    }
    const rate = element("td", "number strong");
    rate.dataset.label = "Refused/s";
    const met = element("td", "mono", [apart("", shown(rule))]);
    return element("tr", "", [element("td", "", [descriptorElement(descriptor), place]), met, rate, actions]);
  }
}
