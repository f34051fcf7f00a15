import { pause } from "../../pause.js";
import { type FaultTexts, NO_FAULTS } from "../../rules/fault-texts.js";
import type { AdsOptions } from "./ads-options.js";
import type { DiscoveryRequest, DiscoveryResponse } from "./discovery-messages.js";
import { joinFaults } from "./error-detail.js";
import { isRefusedAgain, REPEAT_MILLIS, type RefusedUpdate } from "./refused-update.js";
import { findUnaskedType, findWrongTypes } from "./wrong-types.js";

/** What a response is answered with; whoever sends it adds nothing. */
type Answer = (request: DiscoveryRequest) => void;

interface Waiting {
  readonly response: DiscoveryResponse;
  readonly answer: Answer;
  /** What of it is of another type than what was asked for. */
  readonly wrongTypes: FaultTexts;
  /** A newer one waits too, so that this one is not looked at; its resources are let go of. */
  readonly isSuperseded: boolean;
}

/** Status codes of gRPC, as they stand in error_detail. */
const INVALID_ARGUMENT = 3;
const ABORTED = 10;

/**
 * Puts one response after the other in force and answers each, in the order in which they came, whatever becomes of the
 * streams that they came by. Of those that wait while one is being put in force only the newest is looked at.
 */
export class UpdateQueue {
  readonly #options: Pick<AdsOptions, "onResources" | "events">;
  readonly #waiting: Waiting[] = [];
  #isBusy = false;
  #isClosed = false;
  #accepted = "";
  #acks = 0;
  #nacks = 0;
  #refused: RefusedUpdate | undefined;
  /** Ends the pause that is going on, if any. */
  #hurry = new AbortController();

  constructor(options: Pick<AdsOptions, "onResources" | "events">) {
    this.#options = options;
  }

  /** The version in force; empty: none. */
  get accepted(): string {
    return this.#accepted;
  }

  get counts(): { readonly acks: number; readonly nacks: number } {
    return { acks: this.#acks, nacks: this.#nacks };
  }

  add(response: DiscoveryResponse, answer: Answer): void {
    const unaskedType = findUnaskedType(response);
    if (unaskedType !== undefined) {
      // An answer would ask for that type from then on.
      this.#options.events.refused(response.version_info, unaskedType);
      return;
    }
    const wrongTypes = findWrongTypes(response);
    if (wrongTypes.texts.length === 0) this.#supersede();
    this.#waiting.push({ response, answer, wrongTypes, isSuperseded: false });
    this.#hurry.abort();
    if (!this.#isBusy) void this.#work();
  }

  /** Nothing is handed on or answered any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#hurry.abort();
  }

  /** The one that was to be looked at next gives way to one that has come. */
  #supersede(): void {
    const index = this.#waiting.findIndex((each) => !each.isSuperseded && each.wrongTypes.texts.length === 0);
    const old = this.#waiting[index];
    if (old === undefined) return;
    this.#waiting[index] = { ...old, response: { ...old.response, resources: [] }, isSuperseded: true };
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const isAgain = !next.isSuperseded && (await isRefusedAgain(this.#refused, next.response));
      if (this.#isClosed) return;
      if (next.isSuperseded) this.#passOver(next);
      else if (isAgain) await this.#refuseAgain(next);
      else if (next.wrongTypes.texts.length > 0) this.#refuse(next, next.wrongTypes);
      else await this.#apply(next);
    }
    this.#isBusy = false;
  }

  async #apply(waiting: Waiting): Promise<void> {
    const { version_info: version, resources } = waiting.response;
    const values = resources.map(({ value }) => value);
    let faults: FaultTexts;
    try {
      faults = await this.#options.onResources({ version, resources: values });
    } catch (error) {
      faults = { texts: [`this update could not be applied: ${(error as Error).message}`], more: 0 };
    }
    if (this.#isClosed) return;
    if (faults.texts.length > 0) this.#refuse(waiting, faults);
    else this.#acknowledge(waiting);
  }

  /** Says the same as before, unhurried unless something else has come, and tells nobody else. */
  async #refuseAgain({ response, answer }: Waiting): Promise<void> {
    if (this.#waiting.length === 0) {
      this.#hurry = new AbortController();
      await pause(REPEAT_MILLIS, this.#hurry.signal);
    }
    if (!this.#isClosed) answer(this.#refusalOf(response, this.#refused?.faults ?? NO_FAULTS));
  }

  #acknowledge({ response, answer }: Waiting): void {
    this.#accepted = response.version_info;
    this.#acks += 1;
    this.#refused = undefined;
    answer(this.#answerTo(response));
    this.#options.events.acknowledged(response.version_info);
  }

  #refuse({ response, answer }: Waiting, faults: FaultTexts): void {
    this.#nacks += 1;
    this.#refused = { response, faults, at: performance.now() };
    answer(this.#refusalOf(response, faults));
    this.#options.events.refused(response.version_info, faults);
  }

  #refusalOf(response: DiscoveryResponse, faults: FaultTexts): DiscoveryRequest {
    return { ...this.#answerTo(response), error_detail: { code: INVALID_ARGUMENT, message: joinFaults(faults) } };
  }

  /** It is not in force and was not looked at, so that neither its version may be told as accepted nor a fault of it. */
  #passOver({ response, answer }: Waiting): void {
    const message = "superseded by a newer version before it was checked";
    answer({ ...this.#answerTo(response), error_detail: { code: ABORTED, message } });
    this.#options.events.superseded(response.version_info);
  }

  #answerTo({ type_url, nonce }: DiscoveryResponse): DiscoveryRequest {
    return { version_info: this.#accepted, type_url, response_nonce: nonce };
  }
}
