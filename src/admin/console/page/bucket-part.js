// @ts-check
import { call } from "./api.js";
import { announce, byId, element, setText, syncRows } from "./elements.js";
import { attempt, DescriptorFields, FieldFault, inputOf, onSubmit, textOf } from "./fields.js";
import { countOf, durationText, limitText, shown } from "./words.js";

/** @typedef {import("./api.js").Bucket} Bucket */
/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {{ kind: string, rule: string, override?: string, limits: Bucket[] }} Found */

const NOTHING_LIMITS = new Map([
  ["no_rule", "No rule limits this descriptor."],
  ["unlimited", "This descriptor is not limited."],
]);

/** What is left in the buckets of a descriptor. */
export class BucketPart {
  #form = byId("bucket", HTMLFormElement);
  #fields = new DescriptorFields("bucket-descriptor");
  /** What was looked up last, and is shown. @type {{ domain: string, descriptor: Entry[] } | undefined} */
  #question;

  constructor() {
    onSubmit(this.#form, () => this.#lookUp());
    byId("bucket-reset", HTMLButtonElement).addEventListener("click", () => attempt(this.#form, () => this.#reset()));
  }

  /** @param {string} domain @param {readonly Entry[]} descriptor */
  async open(domain, descriptor) {
    inputOf(this.#form, "domain").value = domain;
    const isWhole = this.#fields.fill(descriptor);
    this.#form.scrollIntoView({ block: "center" });
    byId("bucket-domain", HTMLInputElement).focus({ preventScroll: true });
    await attempt(this.#form, async () => {
      if (!isWhole)
        throw new FieldFault("descriptor.0.value", "cannot be typed here, such as a line break: use the API");
      await this.#lookUp();
    });
  }

  /** Looks again at what is shown. */
  async refresh() {
    const question = this.#question;
    if (question === undefined) return;
    const found = await call("POST", "bucket", question);
    if (question === this.#question) this.#show(found);
  }

  async #lookUp() {
    byId("bucket-result", HTMLElement).hidden = true;
    this.#question = undefined;
    const question = { domain: textOf(this.#form, "domain"), descriptor: this.#fields.read() };
    /** @type {Found} */
    const found = await call("POST", "bucket", question);
    this.#question = question;
    this.#show(found);
    announce(byId("bucket-rule", HTMLElement).textContent ?? "");
  }

  async #reset() {
    if (this.#question === undefined) return;
    const { reset } = await call("POST", "bucket/reset", this.#question);
    await this.refresh();
    announce(reset === 0 ? "It was full" : `${countOf(reset, "bucket")} made full`);
  }

  /** @param {Found} found */
  #show({ kind, rule, override, limits }) {
    const met = override === undefined ? `Met by ${shown(rule)}` : "An override is in force";
    setText(byId("bucket-rule", HTMLElement), NOTHING_LIMITS.get(kind) ?? met);
    syncRows(byId("bucket-limits", HTMLElement), limits.map(withKey), ({ key }) => key, createBucket, updateBucket);
    byId("bucket-reset", HTMLElement).hidden = limits.length === 0;
    byId("bucket-result", HTMLElement).hidden = false;
  }
}

/** @param {Bucket} bucket @param {number} index */
function withKey(bucket, index) {
  return { ...bucket, key: `${index} ${limitText(bucket)}` };
}

/** @param {Bucket} bucket */
function createBucket(bucket) {
  const meter = element("meter", "");
  meter.setAttribute("aria-label", "Tokens left");
  return element("li", "bucket", [element("div", "", shown(limitText(bucket))), meter, element("div", "hint")]);
}

/** @param {HTMLElement} row @param {Bucket} bucket */
function updateBucket(row, { tokens, burst, fullInSeconds, pending }) {
  const meter = /** @type {HTMLMeterElement} */ (row.children[1]);
  meter.max = Math.max(1, burst);
  meter.value = Math.max(0, tokens);
  const full =
    fullInSeconds === null ? "never full" : fullInSeconds === 0 ? "full" : `full in ${durationText(fullInSeconds)}`;
  const debt = tokens < 0 ? " in debt" : "";
  const costs = pending === 0 ? "" : `, ${countOf(pending, "cost")} to come`;
  const left = `${Math.abs(tokens).toLocaleString()}${debt} of ${burst.toLocaleString()} left, ${full}${costs}`;
  setText(/** @type {HTMLElement} */ (row.children[2]), left);
}
