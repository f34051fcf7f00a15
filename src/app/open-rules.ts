import { createAdsClient } from "../grpc/xds/ads-client.js";
import { inTurns } from "../in-turns.js";
import { formatAddress } from "../net/listen-address.js";
import type { RulesSummary } from "../observe/business-events.js";
import { XdsEvents } from "../observe/xds-events.js";
import { pause } from "../pause.js";
import { countRules, eachRule } from "../rules/reload/encoded-rules.js";
import { type FirstRules, LiveRules, type ReloadEvents, type RulesInForce } from "../rules/reload/live-rules.js";
import { FilesSource } from "../rules/sources/files-source.js";
import { PushedSource } from "../rules/sources/pushed-source.js";
import { limitDefaults } from "../settings/xds-default-rows.js";
import { xdsOptions } from "../settings/xds-options.js";
import type { Settings } from "../settings.js";
import { StartError } from "../start-error.js";
import type { Observers } from "./open-observers.js";

/** The most that a timer of Node can wait. */
const LONGEST_PAUSE_MILLIS = 2 ** 31 - 1;

/** The rules in force, and where they come from. */
export interface OpenedRules {
  readonly rules: LiveRules;
  /** The file or folder, or the control plane. */
  readonly source: string;
  /** Whether they are sent to us, so that there is nothing to be read again. */
  readonly isPushed: boolean;
  /** Whether there are rules, or Weir may be ready without. */
  isReady(): boolean;
  /** Reads them again, whether they seem changed or not, where they can be read. */
  reload(): void;
  close(): Promise<void>;
}

/**
 * Opens the rules as the settings say, and waits for the first ones unless they may come later.
 * @param signal ends the waiting
 * @throws StartError the rules are broken (2), or cannot be had for want of something else (1)
 */
export async function openRules(settings: Settings, observers: Observers, signal?: AbortSignal): Promise<OpenedRules> {
  return settings.rulesFrom === "files"
    ? await openFiles(settings, observers)
    : await openPushed(settings, observers, signal);
}

async function openFiles(settings: Settings, observers: Observers): Promise<OpenedRules> {
  const { rules: path, rulesPollMillis: pollMillis } = settings;
  const source = new FilesSource({
    path,
    pollMillis,
    onNotWatched: (folder, error) => observers.events.rulesNotWatched(folder, error.message),
  });
  const compile = { defaultAlgorithm: settings.defaultAlgorithm };
  const rules = new LiveRules({ source, compile, events: tellOf(path, observers) });
  const first = await rules.start();
  if (first.kind !== "rules") throw whyNoRules(first);
  return {
    rules,
    source: path,
    isPushed: false,
    isReady: () => true,
    reload: () => rules.reload(),
    close: () => rules.close(),
  };
}

async function openPushed(settings: Settings, observers: Observers, signal?: AbortSignal): Promise<OpenedRules> {
  const { events, metrics, logger } = observers;
  const options = xdsOptions(settings);
  const name = `xds://${formatAddress(options.server)}`;
  const source = new PushedSource(limitDefaults(settings));
  const arrival = new AbortController();
  const told = tellOf(name, observers);
  const rules = new LiveRules({
    source,
    compile: { defaultAlgorithm: settings.defaultAlgorithm },
    events: {
      ...told,
      rulesLoaded: (inForce) => {
        told.rulesLoaded(inForce);
        arrival.abort();
      },
      rulesRefused: (_faults, seconds) => events.sentRulesRefused(seconds),
    },
  });
  await rules.follow();
  const client = createAdsClient({
    ...options,
    onResources: (update) => source.onResources(update),
    events: new XdsEvents(metrics.registry, logger, name),
  });
  client.start();
  const close = async (): Promise<void> => {
    await Promise.all([client.close(), rules.close()]);
  };
  const waitMillis = settings.xdsStartTimeoutMillis;
  if (!settings.xdsStartWithoutRules && !(await haveArrived(arrival.signal, waitMillis, signal))) {
    const { connected, lastError } = client.status;
    await close();
    throw noRulesCame(name, waitMillis, connected ? undefined : lastError, rules);
  }
  return {
    rules,
    source: name,
    isPushed: true,
    isReady: () => settings.xdsReadyWithoutRules || rules.isLoaded,
    reload: () => events.rulesNotReadAgain(name),
    close,
  };
}

/**
 * Waits for the first rules.
 * @param arrival aborted when they have come
 * @param millis 0: for ever
 * @param givenUp ends the waiting
 * @returns whether they have come
 */
async function haveArrived(arrival: AbortSignal, millis: number, givenUp?: AbortSignal): Promise<boolean> {
  const end = givenUp === undefined ? arrival : AbortSignal.any([arrival, givenUp]);
  do {
    await pause(millis === 0 ? LONGEST_PAUSE_MILLIS : millis, end);
  } while (millis === 0 && !end.aborted);
  return arrival.aborted;
}

/** @param lastError why there is no connection; undefined: there is one */
function noRulesCame(name: string, waitedMillis: number, lastError: string | undefined, rules: LiveRules): StartError {
  const last = rules.lastReload;
  const faults = last?.kind === "refused" ? last.faults.texts : [];
  const why = faults.length > 0 ? "what it sent has errors" : (lastError ?? "it has sent nothing");
  const words = `no rules were received from ${name} within ${waitedMillis / 1_000} s: ${why}`;
  return new StartError(1, [...faults, `${words} (WEIR_XDS_START_TIMEOUT, WEIR_XDS_START_WITHOUT_RULES)`]);
}

function whyNoRules(first: Exclude<FirstRules, { kind: "rules" }>): StartError {
  return first.kind === "faulty" ? new StartError(2, first.faults.texts) : new StartError(1, [first.reason]);
}

/** Tells what happens to rules. @param name where they come from */
function tellOf(name: string, { events, metrics }: Observers): ReloadEvents {
  const tellInForce = (inForce: RulesInForce, isFirst: boolean): void => {
    const { refused, seconds } = inForce;
    events.rulesInForce(summarize(name, inForce), { isFirst, isPartial: refused.texts.length > 0, seconds });
  };
  return {
    rulesLoaded: (inForce) => tellInForce(inForce, true),
    rulesReloaded: (inForce) => {
      tellInForce(inForce, false);
      void inTurns(metrics.decisions.keepOnly(eachRule(inForce.encoded)));
    },
    rulesUnchanged: (seconds) => events.rulesUnchanged(name, seconds),
    rulesRefused: (faults, seconds) => events.rulesRefused(name, faults, seconds),
  };
}

function summarize(path: string, { rules, encoded, warnings }: RulesInForce): RulesSummary {
  return { path, domains: rules.domains.size, rules: countRules(encoded), warnings };
}
