import type { Engine } from "../engine/engine.js";
import type { Digest } from "../engine/override-index.js";
import type { Algorithm } from "../limits/limit.js";
import type { LiveRules } from "../rules/reload/live-rules.js";
import type { InspectableStore } from "../stores/store.js";
import type { LiveControls } from "./controls/live-controls.js";
import type { RuleRates } from "./live/rule-rates.js";
import type { TopRefused } from "./live/top-refused.js";

/** Something that an operator changed, for the audit log. */
export interface AdminChange {
  /** One of a few words, for metrics too. */
  readonly action:
    | "override_added"
    | "override_ended"
    | "bucket_reset"
    | "enforcement_paused"
    | "enforcement_resumed"
    | "rules_reloaded";
  /** The caller's address. */
  readonly from: string;
  /** What was changed, who wanted it and why: no values where these are not to be seen. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What the admin API tells of and changes. */
export interface AdminParts {
  readonly version: string;
  readonly startedAt: Date;
  /** The file or folder of the rules, or the control plane. */
  readonly rulesSource: string;
  /** Whether rules are sent to us, so that there is nothing to be read again. */
  readonly areRulesPushed: boolean;
  readonly rules: LiveRules;
  readonly store: InspectableStore;
  /** Whether the store is not asked because it fails. */
  readonly isBreakerOpen: () => boolean;
  readonly engine: Pick<Engine, "explain">;
  readonly controls: LiveControls;
  readonly topRefused: TopRefused;
  readonly rates: RuleRates;
  /** Where values of buckets are not to be seen. */
  readonly digest: Digest | undefined;
  /** How limits count that take no rule's place. */
  readonly defaultAlgorithm: Algorithm;
  /** The setting global-shadow: then nothing is enforced, whatever operators decide. */
  readonly isGlobalShadow: boolean;
  /** Told of every change that was made. */
  readonly audit: (change: AdminChange) => void;
}
