// @ts-check
import { ApiFailure } from "./api.js";
import { announce, button, byId, element } from "./elements.js";

/** @typedef {import("./api.js").Entry} Entry */

/** Something is wrong with what was typed. */
export class FieldFault extends Error {
  /**
   * @param {string} field as the API names it
   * @param {string} message
   */
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/**
 * The text of a field that must not be empty.
 * @param {HTMLFormElement} form
 * @param {string} field
 */
export function textOf(form, field) {
  const { value } = inputOf(form, field);
  if (value.trim() === "") throw new FieldFault(field, "is needed");
  return value;
}

/**
 * A whole number; undefined where the field is empty and may be.
 * @param {HTMLFormElement} form
 * @param {string} field
 * @param {boolean} isNeeded
 */
export function numberOf(form, field, isNeeded) {
  const text = inputOf(form, field).value.trim();
  if (text === "" && !isNeeded) return undefined;
  if (!/^\d{1,16}$/.test(text)) throw new FieldFault(field, "must be a whole number");
  return Number(text);
}

/**
 * The input for a field of the API, by `data-field`.
 * @param {HTMLFormElement} form
 * @param {string} field
 */
export function inputOf(form, field) {
  const found = form.querySelector(`[data-field="${CSS.escape(field)}"]`);
  if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
  throw new Error(`there is no field ${field}`);
}

/**
 * Runs `submit` when the form is sent; what goes wrong is shown at the field that it is about.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} submit
 */
export function onSubmit(form, submit) {
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await attempt(form, submit);
  });
}

/**
 * Does something with a form: once at a time, and with faults shown in it.
 * @param {HTMLFormElement} form
 * @param {() => void | Promise<void>} action
 */
export async function attempt(form, action) {
  if (form.getAttribute("aria-busy") === "true") return;
  clearFaults(form);
  form.setAttribute("aria-busy", "true");
  try {
    await action();
  } catch (error) {
    showFault(form, error);
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** @param {HTMLFormElement} form */
export function clearFaults(form) {
  for (const fault of form.querySelectorAll(".fault")) fault.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
function showFault(form, error) {
  const isKnown = error instanceof FieldFault || error instanceof ApiFailure;
  const message = error instanceof Error ? error.message : String(error);
  const input = isKnown && error.field !== undefined ? nearestInput(form, error.field) : undefined;
  const fault = element("p", "fault", message);
  fault.id = `${form.id}-fault`;
  if (input === undefined) {
    fault.setAttribute("role", "alert");
    form.append(fault);
    return;
  }
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", fault.id);
  (input.closest(".field") ?? input).append(fault);
  announce(message);
  input.focus();
}

/**
 * The input of `limit.burst`, else of `limit`, and so on.
 * @param {HTMLFormElement} form
 * @param {string} field
 */
function nearestInput(form, field) {
  for (let name = field; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const found = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (found instanceof HTMLElement && found.closest("[hidden]") === null) return found;
  }
  return undefined;
}

/** The entries of a descriptor, as many as one likes. */
export class DescriptorFields {
  #list;
  #id;
  #made = 0;

  /** @param {string} id of the element that they stand in */
  constructor(id) {
    const place = byId(id, HTMLElement);
    this.#id = id;
    this.#list = element("div", "entries");
    const more = button("Add an entry", "quiet", () => {
      this.#add("", "");
      this.#list.lastElementChild?.querySelector("input")?.focus();
    });
    place.append(this.#list, more);
    this.#add("", "");
  }

  /** @returns {{ key: string, value: string }[]} */
  read() {
    return [...this.#list.children].map((row) => {
      const [key, value] = row.querySelectorAll("input");
      return { key: key?.value ?? "", value: value?.value ?? "" };
    });
  }

  /**
   * @param {readonly Entry[]} entries
   * @returns {boolean} whether fields can hold them: no line breaks, and no digests
   */
  fill(entries) {
    this.#list.replaceChildren();
    for (const { key, value } of entries) this.#add(key, value ?? "");
    this.#renumber();
    return this.read().every(({ key, value }, index) => key === entries[index]?.key && value === entries[index]?.value);
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  #add(key, value) {
    const row = element("div", "entry field");
    const id = `${this.#id}-${this.#made++}`;
    const remove = button("Remove", "quiet", () => {
      if (this.#list.children.length > 1) row.remove();
      this.#renumber();
    });
    row.append(labelled("Key", `${id}-key`, key), labelled("Value", `${id}-value`, value), remove);
    this.#list.append(row);
    this.#renumber();
  }

  /** Faults name entries by their place. */
  #renumber() {
    for (const [index, row] of [...this.#list.children].entries()) {
      const [key, value] = row.querySelectorAll("input");
      key?.setAttribute("data-field", `descriptor.${index}.key`);
      value?.setAttribute("data-field", `descriptor.${index}.value`);
      const remove = row.querySelector("button");
      if (remove !== null) remove.hidden = this.#list.children.length === 1;
    }
  }
}

/**
 * @param {string} words
 * @param {string} id
 * @param {string} value
 */
function labelled(words, id, value) {
  const label = element("label", "", words);
  label.htmlFor = id;
  const input = element("input", "mono");
  input.id = id;
  input.value = value;
  input.autocomplete = "off";
  input.spellcheck = false;
  input.dir = "auto";
  return element("div", "labelled", [label, input]);
}

/** When something ends: after a while, or at a time. */
export class EndFields {
  #form;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    inputOf(form, "ends").addEventListener("change", () => this.#show());
    this.#show();
  }

  /** @returns {{ until: string } | { forSeconds: number | undefined }} */
  read() {
    if (inputOf(this.#form, "ends").value === "for") {
      const amount = numberOf(this.#form, "forSeconds", true) ?? 0;
      return { forSeconds: amount * Number(inputOf(this.#form, "forUnit").value) };
    }
    const time = new Date(textOf(this.#form, "until"));
    if (Number.isNaN(time.getTime())) throw new FieldFault("until", "is not a time");
    return { until: time.toISOString() };
  }

  #show() {
    const isFor = inputOf(this.#form, "ends").value === "for";
    for (const [name, isShown] of /** @type {const} */ ([
      ["for", isFor],
      ["until", !isFor],
    ])) {
      const part = this.#form.querySelector(`[data-ends="${name}"]`);
      if (part instanceof HTMLElement) part.hidden = !isShown;
    }
  }
}
