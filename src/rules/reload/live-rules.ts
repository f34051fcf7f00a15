import type { FaultTexts } from "../fault-texts.js";
import type { CompileOptions } from "../load-rules.js";
import type { RuleSet } from "../rule.js";
import { NO_TEXTS, type PackedTexts } from "../sources/packed-texts.js";
import type { RulesInput } from "../sources/rules-input.js";
import type { RulesSource } from "../sources/rules-source.js";
import type { EncodedRules } from "./encoded-rules.js";
import type { PastReload, ReloadResult } from "./reload-result.js";
import { type LoadedRules, type LoadOutcome, RulesLoader } from "./rules-loader.js";

/** Rules that came into force. */
export interface RulesInForce extends LoadedRules {
  /** From the moment they were asked for. */
  readonly seconds: number;
}

/** What happens to rules, told to whoever observes it. The methods must not throw. */
export interface ReloadEvents {
  /** The first rules have come into force. Some that were sent may have been refused. */
  rulesLoaded(inForce: RulesInForce): void;
  /** Changed rules have come into force. Of those that were refused the last good ones stay. */
  rulesReloaded(inForce: RulesInForce): void;
  /** The rules were loaded again and are what they were: those in force stay. */
  rulesUnchanged(seconds: number): void;
  /** The rules have errors, or could not be read: those in force stay. */
  rulesRefused(faults: FaultTexts, seconds: number): void;
}

export interface LiveRulesOptions {
  readonly source: RulesSource;
  readonly compile: CompileOptions;
  readonly events: ReloadEvents;
}

/** The first rules, or why there are none. */
export type FirstRules = RulesInForce | Exclude<LoadOutcome, { readonly kind: "rules" | "unchanged" }>;

/** How many faults a reload tells: a log is not the place for more. */
const MOST_RELOAD_FAULTS = 20;

const NO_RULES: EncodedRules = { bytes: new Uint8Array(0), offsets: new Uint32Array(1) };

/** What whoever waits for a reload hears at the end. */
const CLOSED: ReloadResult = { kind: "refused", seconds: 0, faults: { texts: ["Weir is stopping"], more: 0 } };

/** What whoever asks hears while there is nothing to load. */
const NOTHING_NEW: ReloadResult = { kind: "unchanged", seconds: 0 };

/**
 * The rules in force, kept as their source has them: when that changes the rules are loaded anew and put in place at
 * once, if they are good. So whoever asks for `current` once per request never sees half of a change.
 */
export class LiveRules {
  readonly #options: LiveRulesOptions;
  readonly #loader = new RulesLoader();
  #current: RuleSet = { domains: new Map() };
  #encoded: EncodedRules = NO_RULES;
  #texts: PackedTexts = NO_TEXTS;
  #version: string | undefined;
  #loadedAt = new Date();
  #lastReload: PastReload | undefined;
  /** Stands for what `current` was made of; undefined until there are rules. */
  #content: string | undefined;
  #loading = false;
  #loadAgain = false;
  /** They hear how the next load ends. */
  #asked: ((result: ReloadResult) => void)[] = [];
  #closed = false;

  constructor(options: LiveRulesOptions) {
    this.#options = options;
  }

  /** The rules in force; none before the first ones were loaded. */
  get current(): RuleSet {
    return this.#current;
  }

  /** The rules in force as they came, domain by domain. */
  get encoded(): EncodedRules {
    return this.#encoded;
  }

  /** What the rules in force were made of; resources as the rules files that they stand for. */
  get texts(): PackedTexts {
    return this.#texts;
  }

  /** Whether there have been rules yet. */
  get isLoaded(): boolean {
    return this.#content !== undefined;
  }

  /** What the sender of the rules calls the last update that was taken whole; undefined for files. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Since when what is in force is, which may be no rules. */
  get loadedAt(): Date {
    return this.#loadedAt;
  }

  /** How they were loaded the last time; undefined until they were loaded again. */
  get lastReload(): PastReload | undefined {
    return this.#lastReload;
  }

  /** Loads the rules that are there, and if they are good follows them from then on. All their faults are told. */
  async start(): Promise<FirstRules> {
    // Before they are read: a change meanwhile is one.
    await this.follow();
    const input = this.#options.source.input();
    if (input === undefined) throw new Error("a source whose rules come later cannot be started with");
    // Nothing else is to be done yet, so this one need not stand back; then its memory is given back.
    const loader = new RulesLoader({ background: false });
    const { outcome, seconds } = await this.#load(input, loader, Number.MAX_SAFE_INTEGER);
    await loader.close();
    if (outcome.kind === "unchanged") throw new Error("the first rules cannot be unchanged");
    if (outcome.kind !== "rules") {
      await this.close();
      return outcome;
    }
    const first = { ...outcome, seconds };
    this.#putInForce(first, input);
    if (this.#loadAgain) void this.#reloadWhileAsked();
    return first;
  }

  /** Takes rules as they come. */
  async follow(): Promise<void> {
    await this.#options.source.follow(() => this.reloadNow());
  }

  /** Loads the rules again, whether they seem changed or not; when they are being loaded already, once more after that. */
  reload(): void {
    this.#loadAgain = true;
    if (!this.#loading) void this.#reloadWhileAsked();
  }

  /** The same, and tells how it ended. Files that change while they are read are read again, which it does not wait for. */
  reloadNow(): Promise<ReloadResult> {
    return new Promise((resolve) => {
      this.#asked.push(resolve);
      this.reload();
    });
  }

  /** Takes no more rules. Those in force stay. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.source.close();
    await this.#loader.close();
    for (const tell of this.#asked.splice(0)) tell(CLOSED);
  }

  async #reloadWhileAsked(): Promise<void> {
    while (this.#loadAgain && !this.#closed) {
      this.#loadAgain = false;
      const asked = this.#asked.splice(0);
      const result = await this.#reloadOnce(this.#options.source.input());
      for (const tell of asked) tell(result);
    }
  }

  async #reloadOnce(input: RulesInput | undefined): Promise<ReloadResult> {
    if (input === undefined) return NOTHING_NEW;
    const { outcome, seconds } = await this.#load(input, this.#loader, MOST_RELOAD_FAULTS);
    if (this.#closed) return CLOSED;
    const result = this.#conclude(outcome, input, seconds);
    this.#lastReload = { ...result, at: new Date() };
    return result;
  }

  async #load(
    input: RulesInput,
    loader: RulesLoader,
    mostFaults: number,
  ): Promise<{ outcome: LoadOutcome; seconds: number }> {
    const startedMillis = performance.now();
    this.#loading = true;
    const known = { known: this.#content, inForce: this.#texts };
    const outcome = await loader.load({ input, options: this.#options.compile, ...known, mostFaults });
    this.#loading = false;
    return { outcome, seconds: (performance.now() - startedMillis) / 1000 };
  }

  #conclude(outcome: LoadOutcome, input: RulesInput, seconds: number): ReloadResult {
    const { events } = this.#options;
    if (outcome.kind === "rules") {
      this.#putInForce({ ...outcome, seconds }, input);
      const isPartial = outcome.refused.texts.length > 0;
      return isPartial
        ? { kind: "partial", seconds, faults: outcome.refused }
        : { kind: "reloaded", seconds, faults: outcome.warnings };
    }
    if (outcome.kind === "unchanged") {
      this.#noteVersion(input);
      events.rulesUnchanged(seconds);
      return { kind: "unchanged", seconds };
    }
    const faults = outcome.kind === "faulty" ? outcome.faults : { texts: [outcome.reason], more: 0 };
    events.rulesRefused(faults, seconds);
    return { kind: "refused", seconds, faults };
  }

  #putInForce(inForce: RulesInForce, input: RulesInput): void {
    const { events } = this.#options;
    const isFirst = this.#content === undefined;
    this.#current = inForce.rules;
    this.#encoded = inForce.encoded;
    this.#texts = inForce.texts;
    this.#content = inForce.content;
    this.#loadedAt = new Date();
    if (inForce.refused.texts.length === 0) this.#noteVersion(input);
    if (isFirst) events.rulesLoaded(inForce);
    else events.rulesReloaded(inForce);
  }

  #noteVersion(input: RulesInput): void {
    if (input.kind === "resources") this.#version = input.version;
  }
}
