import type { AdminChange } from "../admin/admin-parts.js";
import { AdminServer } from "../admin/admin-server.js";
import { readConsolePages } from "../admin/console/console-pages.js";
import { trafficRoute } from "../admin/console/traffic-route.js";
import { LiveControls } from "../admin/controls/live-controls.js";
import { Guard } from "../admin/guard/guard.js";
import { TokenFile } from "../admin/guard/token-file.js";
import { RuleRates } from "../admin/live/rule-rates.js";
import { TopRefused } from "../admin/live/top-refused.js";
import { allRoutes } from "../admin/routes/all-routes.js";
import type { Engine } from "../engine/engine.js";
import type { Digest } from "../engine/override-index.js";
import type { Settings } from "../settings.js";
import { StartError } from "../start-error.js";
import { rememberedDigests } from "../stores/value-digest.js";
import type { Observers } from "./open-observers.js";
import type { OpenedRules } from "./open-rules.js";
import type { OpenedStore } from "./open-store.js";

/** What operators see and change while Weir runs. Decisions need it before there is an API to it. */
export interface Operations {
  readonly controls: LiveControls;
  readonly topRefused: TopRefused;
  readonly digest: Digest | undefined;
}

/** @param hashSecret where values are not to be seen */
export function openOperations(
  { sharedText }: OpenedStore,
  hashSecret: Buffer | undefined,
  { metrics, events }: Observers,
): Operations {
  const digest = hashSecret === undefined ? undefined : digestBy(hashSecret);
  const controls = new LiveControls({
    text: sharedText,
    digest,
    onWarning: (message) => events.storeWarning(message),
  });
  metrics.admin.watch(() => ({
    overrides: controls.document.overrides.length,
    isEnforcementPaused: controls.isPaused,
  }));
  return { controls, topRefused: new TopRefused(), digest };
}

/** With a secret every value has a digest. */
function digestBy(secret: Buffer): Digest {
  const digestOf = rememberedDigests(secret);
  return (value) => digestOf(value) ?? value;
}

/** The admin API of a running server. */
export interface Admin {
  /** @returns its port. @throws Error that says in one line why it cannot listen */
  listen(): Promise<number>;
  stop(deadlineMillis: number): Promise<void>;
}

export interface AdminNeeds {
  readonly version: string;
  readonly settings: Settings;
  readonly openedStore: OpenedStore;
  readonly openedRules: OpenedRules;
  readonly engine: Engine;
  readonly operations: Operations;
  readonly observers: Observers;
}

/**
 * Undefined where the settings say that there is none.
 * @throws StartError (2) the file of the token cannot be used
 */
export function createAdmin({
  version,
  settings,
  openedStore,
  openedRules,
  engine,
  operations,
  observers,
}: AdminNeeds): Admin | undefined {
  const { adminListen } = settings;
  if (adminListen === undefined) return undefined;
  const { logger, metrics, events } = observers;
  const token = openToken(settings.adminTokenFile, (message) => events.storeWarning(message));
  const samples = () => metrics.decisions.descriptors();
  const rates = new RuleRates(samples);
  const routes = allRoutes({
    ...operations,
    version,
    startedAt: new Date(),
    engine,
    rates,
    rules: openedRules.rules,
    rulesSource: openedRules.source,
    areRulesPushed: openedRules.isPushed,
    store: openedStore.store,
    isBreakerOpen: openedStore.isBreakerOpen,
    defaultAlgorithm: settings.defaultAlgorithm,
    isGlobalShadow: settings.globalShadow,
    audit: ({ action, from, details }: AdminChange) => events.adminChanged(action, from, details),
  });
  const server = new AdminServer({
    version,
    routes: [...routes, trafficRoute({ rates, samples })],
    pages: readConsolePages(),
    guard: new Guard({ listenHost: adminListen.host, hosts: settings.adminHosts, token }),
    needsToken: token !== undefined,
    reportFault: (message, error) => logger.error({ err: error }, message),
  });
  return {
    listen: () => server.listen(adminListen),
    stop: async (deadlineMillis) => {
      rates.close();
      await server.stop(deadlineMillis);
    },
  };
}

function openToken(path: string, onWarning: (message: string) => void): TokenFile | undefined {
  if (path === "") return undefined;
  try {
    return new TokenFile({ path, onWarning });
  } catch (error) {
    throw new StartError(2, [`the admin token cannot be used (WEIR_ADMIN_TOKEN_FILE): ${(error as Error).message}`], {
      cause: error,
    });
  }
}
