import type { CompileOptions } from "../load-rules.js";
import type { RuleSet } from "../rule.js";
import { ChangeWatch } from "./change-watch.js";
import type { EncodedRules } from "./encoded-rules.js";
import type { FaultTexts } from "./load-messages.js";
import { type LoadedRules, type LoadOutcome, RulesLoader } from "./rules-loader.js";

/** Rules that came into force. */
export interface RulesInForce extends LoadedRules {
  /** From the moment their files were asked for. */
  readonly seconds: number;
}

/** What happens to rules after the start, told to whoever observes it. The methods must not throw. */
export interface ReloadEvents {
  /** Changed rules have come into force. */
  rulesReloaded(inForce: RulesInForce): void;
  /** The files were read again and say what they said: the rules in force stay. */
  rulesUnchanged(seconds: number): void;
  /** The files have errors, or could not be read: the rules in force stay. */
  rulesRefused(faults: FaultTexts, seconds: number): void;
  /** A folder gives no events: changes are found only by looking, or when we are told to reload. */
  rulesNotWatched(folder: string, error: Error): void;
}

export interface LiveRulesOptions {
  /** A file or a folder. */
  readonly path: string;
  readonly compile: CompileOptions;
  /** How often to look for changes besides being told by the file system; 0: never. */
  readonly pollMillis: number;
  readonly events: ReloadEvents;
}

/** How reading the rules again ended. */
export type ReloadResult =
  | { readonly kind: "reloaded"; readonly seconds: number; readonly faults: FaultTexts }
  | { readonly kind: "unchanged"; readonly seconds: number }
  | { readonly kind: "refused"; readonly seconds: number; readonly faults: FaultTexts };

/** A result, and when it was there. */
export type PastReload = ReloadResult & { readonly at: Date };

/** The first rules, or why there are none. */
export type FirstRules = RulesInForce | Exclude<LoadOutcome, { readonly kind: "rules" | "unchanged" }>;

/** How many faults a reload tells: a log is not the place for more. */
const MOST_RELOAD_FAULTS = 20;

const NO_RULES: EncodedRules = { bytes: new Uint8Array(0), offsets: new Uint32Array(1) };

/** What whoever waits for a reload hears at the end. */
const CLOSED: ReloadResult = { kind: "refused", seconds: 0, faults: { texts: ["Weir is stopping"], more: 0 } };

/**
 * The rules in force, kept as their files are: when these change the rules are loaded anew and put in place at once,
 * if they are good. So whoever asks for `current` once per request never sees half of a change.
 */
export class LiveRules {
  readonly #options: LiveRulesOptions;
  readonly #loader = new RulesLoader();
  readonly #watch: ChangeWatch;
  #current: RuleSet = { domains: new Map() };
  #encoded: EncodedRules = NO_RULES;
  #loadedAt = new Date();
  #lastReload: PastReload | undefined;
  /** Stands for the files that `current` was made of. */
  #content: string | undefined;
  #loading = false;
  #loadAgain = false;
  /** They hear how the next load ends. */
  #asked: ((result: ReloadResult) => void)[] = [];
  #closed = false;

  constructor(options: LiveRulesOptions) {
    const { path, pollMillis, events } = options;
    this.#options = options;
    this.#watch = new ChangeWatch({
      path,
      pollMillis,
      onChange: () => this.reload(),
      onFault: (folder, error) => events.rulesNotWatched(folder, error),
    });
  }

  /** The rules in force; none before the first ones were loaded. */
  get current(): RuleSet {
    return this.#current;
  }

  /** The rules in force as they came, domain by domain. */
  get encoded(): EncodedRules {
    return this.#encoded;
  }

  /** When the rules in force came into force. */
  get loadedAt(): Date {
    return this.#loadedAt;
  }

  /** How their files were read the last time; undefined until they were read again. */
  get lastReload(): PastReload | undefined {
    return this.#lastReload;
  }

  /** Loads the first rules, and if they are good follows their files from then on. All their faults are told. */
  async start(): Promise<FirstRules> {
    // Before they are read: a change meanwhile is one.
    await this.#watch.start();
    // Nothing else is to be done yet, so this one need not stand back; then its memory is given back.
    const loader = new RulesLoader({ background: false });
    const { outcome, seconds } = await this.#load(loader, Number.MAX_SAFE_INTEGER);
    await loader.close();
    if (outcome.kind === "unchanged") throw new Error("the first rules cannot be unchanged");
    if (outcome.kind !== "rules") {
      await this.close();
      return outcome;
    }
    this.#putInForce(outcome);
    if (this.#loadAgain) void this.#reloadWhileAsked();
    return { ...outcome, seconds };
  }

  /** Reads the files again, whether they seem changed or not; when they are being read already, once more after that. */
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

  /** Follows the files no longer. The rules in force stay. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.close();
    await this.#loader.close();
    for (const tell of this.#asked.splice(0)) tell(CLOSED);
  }

  async #reloadWhileAsked(): Promise<void> {
    while (this.#loadAgain && !this.#closed) {
      this.#loadAgain = false;
      const asked = this.#asked.splice(0);
      const { outcome, seconds } = await this.#load(this.#loader, MOST_RELOAD_FAULTS);
      const result = this.#closed ? CLOSED : this.#conclude(outcome, seconds);
      for (const tell of asked) tell(result);
    }
  }

  async #load(loader: RulesLoader, mostFaults: number): Promise<{ outcome: LoadOutcome; seconds: number }> {
    const { path, compile: options } = this.#options;
    const startedMillis = performance.now();
    this.#loading = true;
    const outcome = await loader.load({ path, options, known: this.#content, mostFaults });
    this.#loading = false;
    return { outcome, seconds: (performance.now() - startedMillis) / 1000 };
  }

  #conclude(outcome: LoadOutcome, seconds: number): ReloadResult {
    const { events } = this.#options;
    let result: ReloadResult;
    if (outcome.kind === "rules") {
      this.#putInForce(outcome);
      events.rulesReloaded({ ...outcome, seconds });
      result = { kind: "reloaded", seconds, faults: outcome.warnings };
    } else if (outcome.kind === "unchanged") {
      events.rulesUnchanged(seconds);
      result = { kind: "unchanged", seconds };
    } else {
      const faults = outcome.kind === "faulty" ? outcome.faults : { texts: [outcome.reason], more: 0 };
      events.rulesRefused(faults, seconds);
      result = { kind: "refused", seconds, faults };
    }
    this.#lastReload = { ...result, at: new Date() };
    return result;
  }

  #putInForce({ rules, encoded, content }: LoadedRules): void {
    this.#current = rules;
    this.#encoded = encoded;
    this.#loadedAt = new Date();
    this.#content = content;
  }
}
