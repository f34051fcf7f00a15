// @ts-check
import { call } from "./api.js";
import { announce, byId, setText } from "./elements.js";
import { attempt, EndFields, inputOf, onSubmit, textOf } from "./fields.js";
import { printable, timeText, untilText } from "./words.js";

/** @typedef {import("./api.js").Status} Status */

/** Pauses, and what everybody must see while one lasts. */
export class EnforcementPart {
  #form = byId("pause", HTMLFormElement);
  #reload = byId("reload", HTMLFormElement);
  #ends = new EndFields(this.#form);
  #refresh;
  #wasPaused = false;

  /** @param {() => Promise<void>} refresh after a change */
  constructor(refresh) {
    this.#refresh = refresh;
    onSubmit(this.#form, () => this.#pause());
    onSubmit(this.#reload, () => this.#reloadRules());
    byId("resume", HTMLButtonElement).addEventListener("click", () => attempt(this.#form, () => this.#resume()));
  }

  /** @param {Status["enforcement"]} enforcement */
  show({ paused, reach, who = "", why = "", until = "" }) {
    byId("pause-banner", HTMLElement).hidden = !paused;
    byId("pause-card", HTMLElement).hidden = paused;
    document.title = paused ? "PAUSED · Weir" : "Weir";
    if (paused) {
      const where = reach === "replicas" ? "On all replicas" : "In this process";
      const words = `${where} until ${timeText(until)} (${untilText(until)}), by ${printable(who)}: ${printable(why)}`;
      setText(byId("pause-words", HTMLElement), words);
    }
    if (paused !== this.#wasPaused)
      announce(paused ? "Enforcement is paused: nobody is limited" : "Limits are enforced");
    this.#wasPaused = paused;
  }

  async #pause() {
    const form = this.#form;
    const body = { paused: true, ...this.#ends.read(), who: textOf(form, "who"), why: textOf(form, "why") };
    await call("PUT", "enforcement", body);
    inputOf(form, "why").value = "";
    byId("pause-details", HTMLDetailsElement).open = false;
    await this.#refresh();
    byId("resume", HTMLButtonElement).focus();
  }

  async #resume() {
    await call("DELETE", "enforcement");
    await this.#refresh();
    byId("main", HTMLElement).focus();
  }

  async #reloadRules() {
    const { result } = await call("POST", "reload");
    await this.#refresh();
    announce(`The rules: ${result}`);
  }
}
