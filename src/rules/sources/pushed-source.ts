import { type FaultTexts, NO_FAULTS } from "../fault-texts.js";
import type { ReloadResult } from "../reload/reload-result.js";
import type { LimitDefaults } from "../xds/limit-defaults.js";
import { packResources } from "./pack-resources.js";
import type { RulesInput } from "./rules-input.js";
import type { RulesSource } from "./rules-source.js";

/** All rules there are to be, as a control plane sends them. */
export interface ResourceUpdate {
  readonly version: string;
  /** Each a RateLimitConfig, in the order in which they came. The bytes are not kept. */
  readonly resources: readonly Uint8Array[];
}

/** Rules that are sent to us. */
export class PushedSource implements RulesSource {
  readonly #defaults: LimitDefaults;
  #input: RulesInput | undefined;
  #reload: (() => Promise<ReloadResult>) | undefined;
  /** The end of the update that came last. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(defaults: LimitDefaults) {
    this.#defaults = defaults;
  }

  follow(reload: () => Promise<ReloadResult>): Promise<void> {
    this.#reload = reload;
    return Promise.resolve();
  }

  input(): RulesInput | undefined {
    return this.#input;
  }

  close(): void {
    this.#reload = undefined;
  }

  /**
   * Takes an update, one after the other.
   * @returns once what is good of it is in force: the errors of the rest; none means that all of it was taken
   * @throws Error (as a promise) it could not be taken, such as for want of memory
   */
  onResources(update: ResourceUpdate): Promise<FaultTexts> {
    const taken = this.#turn.then(() => this.#take(update));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #take({ version, resources }: ResourceUpdate): Promise<FaultTexts> {
    const packed = await packResources(resources);
    if (this.#reload === undefined) return { texts: ["Weir is stopping"], more: 0 };
    this.#input = { kind: "resources", version, resources: packed, defaults: this.#defaults };
    try {
      const result = await this.#reload();
      return result.kind === "refused" || result.kind === "partial" ? result.faults : NO_FAULTS;
    } finally {
      this.#input = undefined;
    }
  }
}
