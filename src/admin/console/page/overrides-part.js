// @ts-check
import { call } from "./api.js";
import { announce, apart, button, byId, descriptorElement, element, setText, syncRows } from "./elements.js";
import { attempt, DescriptorFields, EndFields, FieldFault, inputOf, numberOf, onSubmit, textOf } from "./fields.js";
import { limitText, printable, shown, timeText, untilText } from "./words.js";

/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {import("./api.js").Override} Override */

const REACH = new Map([
  ["replicas", "in force on all replicas"],
  ["process", "this process only: the store is its memory"],
]);

/** A second press within this time ends an override. */
const SURE_MILLIS = 4_000;

/** Limits of single descriptors for a while. */
export class OverridesPart {
  #form = byId("override", HTMLFormElement);
  #fields = new DescriptorFields("override-descriptor");
  #ends = new EndFields(this.#form);
  #refresh;

  /** @param {() => Promise<void>} refresh after a change */
  constructor(refresh) {
    this.#refresh = refresh;
    onSubmit(this.#form, () => this.#add());
    inputOf(this.#form, "limit").addEventListener("change", () => this.#showKind());
    this.#showKind();
  }

  /** @param {{ overrides: readonly Override[], reach: string }} answer */
  show({ overrides, reach }) {
    setText(byId("overrides-summary", HTMLElement), REACH.get(reach) ?? "");
    byId("overrides-none", HTMLElement).hidden = overrides.length > 0;
    syncRows(
      byId("overrides-rows", HTMLElement),
      overrides,
      ({ id }) => id,
      (one) => this.#create(one),
      updateEnd,
    );
  }

  /** @param {string} domain @param {readonly Entry[]} descriptor */
  async open(domain, descriptor) {
    byId("override-details", HTMLDetailsElement).open = true;
    inputOf(this.#form, "domain").value = domain;
    const isWhole = this.#fields.fill(descriptor);
    this.#form.scrollIntoView({ block: "center" });
    byId("override-requests", HTMLInputElement).focus({ preventScroll: true });
    await attempt(this.#form, () => {
      if (!isWhole)
        throw new FieldFault("descriptor.0.value", "cannot be typed here, such as a line break: use the API");
    });
  }

  #showKind() {
    byId("override-rate", HTMLElement).hidden = inputOf(this.#form, "limit").value !== "rate";
  }

  async #add() {
    const form = this.#form;
    await call("POST", "overrides", {
      domain: textOf(form, "domain"),
      descriptor: this.#fields.read(),
      limit: this.#readLimit(),
      ...this.#ends.read(),
      who: textOf(form, "who"),
      why: textOf(form, "why"),
    });
    const { value: who } = inputOf(form, "who");
    form.reset();
    inputOf(form, "who").value = who;
    inputOf(form, "ends").dispatchEvent(new Event("change"));
    this.#fields.fill([{ key: "", value: "" }]);
    this.#showKind();
    byId("override-details", HTMLDetailsElement).open = false;
    byId("override-details", HTMLDetailsElement).querySelector("summary")?.focus();
    await this.#refresh();
    announce("The override was added");
  }

  #readLimit() {
    const kind = inputOf(this.#form, "limit").value;
    if (kind === "unlimited") return { unlimited: true };
    if (kind === "ban") return { requestsPerUnit: 0, unit: "second" };
    const requestsPerUnit = numberOf(this.#form, "limit.requestsPerUnit", true);
    const burst = numberOf(this.#form, "limit.burst", false);
    return {
      requestsPerUnit,
      unit: inputOf(this.#form, "limit.unit").value,
      ...(burst === undefined ? {} : { burst }),
    };
  }

  /** @param {Override} override */
  #create({ id, domain, descriptor, limit, who, why, since }) {
    const about = element("p", "hint", `by ${printable(who)}, ${timeText(since)}: ${printable(why)}`);
    const fault = element("p", "fault");
    fault.hidden = true;
    const end = button("End it", "quiet", () => this.#end(id, end, fault));
    const place = element("p", "hint", [apart("", shown(domain))]);
    const ends = element("p", "end");
    const text = element("div", "", [
      descriptorElement(descriptor),
      place,
      element("p", "strong", limitText(limit)),
      ends,
    ]);
    text.append(about, fault);
    return element("li", "override", [text, end]);
  }

  /** @param {string} id @param {HTMLButtonElement} end @param {HTMLElement} fault */
  async #end(id, end, fault) {
    if (end.dataset.sure === undefined) {
      end.dataset.sure = "";
      setText(end, "Sure? End it");
      setTimeout(() => {
        delete end.dataset.sure;
        setText(end, "End it");
      }, SURE_MILLIS);
      return;
    }
    try {
      await call("DELETE", `overrides/${encodeURIComponent(id)}`);
      await this.#refresh();
      announce("The override was ended");
      byId("overrides-title", HTMLElement).focus();
    } catch (error) {
      setText(fault, error instanceof Error ? error.message : String(error));
      fault.hidden = false;
    }
  }
}

/** @param {HTMLElement} row @param {Override} override */
function updateEnd(row, { until }) {
  const end = row.querySelector(".end");
  if (end instanceof HTMLElement)
    setText(end, `ends ${timeText(until)}${untilText(until) === "" ? "" : `, ${untilText(until)}`}`);
}
