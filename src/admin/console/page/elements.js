// @ts-check
import { shown } from "./words.js";

/** @typedef {import("./api.js").Entry} Entry */

/**
 * An element of the page by its id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`there is no ${kind.name} called ${id}`);
  return found;
}

/**
 * A new element with text, never markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {string | readonly Node[]} [content]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className, content = "") {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  return made;
}

/**
 * A button that does something.
 * @param {string} words
 * @param {string} className
 * @param {() => unknown} onClick
 */
export function button(words, className, onClick) {
  const made = element("button", className, words);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/**
 * Changes text only where it differs, so that selections stay.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * A descriptor as clients send it.
 * @param {readonly Entry[]} entries
 */
export function descriptorElement(entries) {
  const whole = element("span", "descriptor");
  for (const [index, { key, value, digest }] of entries.entries()) {
    if (index > 0) whole.append(element("span", "separator", " > "));
    whole.append(apart("key", shown(key)), element("span", "separator", "="));
    whole.append(value === undefined ? apart("digest", `#${shown(digest ?? "")}`) : apart("value", shown(value)));
  }
  return whole;
}

/**
 * Words of strangers: whatever direction they are written in, what is around them stays, and so does their beginning.
 * @param {string} className
 * @param {string} text
 */
export function apart(className, text) {
  const made = element("bdi", className, text);
  made.dir = "ltr";
  return made;
}

/**
 * Makes the children of `parent` one for each item: those that are there stay the same elements, and keep the focus.
 * @template Item
 * @param {HTMLElement} parent
 * @param {readonly Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => HTMLElement} create
 * @param {(row: HTMLElement, item: Item) => void} update
 */
export function syncRows(parent, items, keyOf, create, update) {
  const focused = document.activeElement;
  const known = new Map([...parent.children].map((row) => [row.getAttribute("data-key"), row]));
  /** @type {HTMLElement[]} */
  const rows = items.map((item) => {
    const key = keyOf(item);
    const found = known.get(key);
    const row = found instanceof HTMLElement ? found : create(item);
    row.setAttribute("data-key", key);
    update(row, item);
    return row;
  });
  const wanted = new Set(rows);
  for (const row of known.values()) if (!(row instanceof HTMLElement && wanted.has(row))) row.remove();
  for (const [index, row] of rows.entries()) {
    const there = parent.children[index] ?? null;
    if (there !== row) parent.insertBefore(row, there);
  }
  const isLost = focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused;
  if (isLost && focused !== document.body) focused.focus({ preventScroll: true });
}

/**
 * Tells those who cannot see the page what has changed.
 * @param {string} words
 */
export function announce(words) {
  setText(byId("announcer", HTMLElement), words);
}
