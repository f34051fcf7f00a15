import { createEngines, type Engines } from "./engine/engines.js";
import { MetricLabels } from "./engine/metric-labels.js";
import { addServices } from "./grpc/add-services.js";
import type { GrpcServer } from "./grpc/grpc-server.js";
import { createAnswerJson } from "./grpc/json/answer-json.js";
import { createShouldRateLimit } from "./grpc/rate-limit-service.js";
import { createRateLimiter } from "./grpc/rate-limiter-service.js";
import { createGrpcServer } from "./grpc-servers.js";
import { HttpServer } from "./http/http-server.js";
import { jsonRoute } from "./http/json-route.js";
import { operatorRoutes } from "./http/operator-routes.js";
import type { BusinessEvents, RulesSummary } from "./observe/business-events.js";
import type { Metrics } from "./observe/metrics.js";
import { createScrape } from "./observe/metrics-page.js";
import { type Admin, createAdmin, type Operations, openOperations } from "./open-admin.js";
import { type Observers, openObservers } from "./open-observers.js";
import { type OpenedStore, openLocalStore, openStore } from "./open-store.js";
import { type WarmUpNeeds, warmUpInMemory, warmUpWithStore } from "./open-warm-up.js";
import { countRules, eachRule } from "./rules/reload/encoded-rules.js";
import { inTurns } from "./rules/reload/in-turns.js";
import { type FirstRules, LiveRules, type RulesInForce } from "./rules/reload/live-rules.js";
import { Serving } from "./serving.js";
import type { Settings } from "./settings.js";
import { StartError } from "./start-error.js";
import { identifyBuckets } from "./stores/bucket-identity.js";
import { readHashSecret } from "./stores/hash-secret.js";
import type { Store } from "./stores/store.js";
import { rememberedDigests } from "./stores/value-digest.js";
import { readVersion } from "./version.js";

/** A running server. */
export interface App {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Absent where there is no admin API. */
  readonly adminPort?: number;
  /** Reads the rules again, whether their files seem changed or not. */
  reload(): void;
  /** Tells health checks to look elsewhere, waits, lets calls in flight end, and closes everything. */
  stop(): Promise<void>;
}

/**
 * Puts the parts together and opens the listeners.
 * @throws StartError broken rules or a bad secret (exit code 2), or a listener that cannot be opened (1)
 */
export async function startApp(settings: Settings): Promise<App> {
  const version = readVersion();
  const observers = await openObservers(settings, version);
  const { metrics, events } = observers;
  const hashSecret = settings.hashKeys ? readHashSecret(settings.hashKeysSecretFile) : undefined;
  const identifyBucket = identifyBuckets(hashSecret);
  const labels = new MetricLabels({ digestOf: rememberedDigests(hashSecret) });
  const rules = await startRules(settings, metrics, events);
  const opened = openStore(settings, metrics, events);
  const { store } = opened;
  const localStore = openLocalStore(settings, metrics);
  const operations = openOperations(opened, hashSecret, observers);
  const { controls, topRefused } = operations;
  const engines = createEngines({
    rules: () => rules.current,
    store,
    localStore,
    identifyBucket,
    labels,
    settings,
    events,
    controls,
    onRefused: (domain, entries, plan) => topRefused.add(domain, entries, plan),
  });
  const admin = createAdmin({ version, settings, opened, rules, engine: engines.proxies, operations, observers });
  // What operators have decided before this process began holds from the first request.
  const reachable = {
    kind: store.kind,
    isReady: () => store.isReady() && controls.hasRead,
    whyNotReady: () => (store.isReady() ? "overrides have not been read" : (store.whyNotReady?.() ?? "")),
  };
  const serving = new Serving(reachable, !settings.readyWithoutStore);
  const servers = buildServers(settings, engines, serving, observers);
  const parts = { settings, rules, store, serving, servers, observers, operations, admin };
  try {
    const grpcPort = await servers.grpc.listen(settings.grpcListen);
    const httpPort = await servers.http.listen(settings.httpListen);
    const adminPort = await admin?.listen();
    controls.start();
    const ports = { grpcPort, httpPort, ...(adminPort === undefined ? {} : { adminPort }) };
    events.listening({ version, store: store.kind, ...ports });
    const warming = { settings, hashSecret, logger: observers.logger };
    await warmUpInMemory(warming);
    serving.begin({
      onChange: (isServing) => {
        servers.grpc.setServing(isServing);
        if (isServing) events.ready();
      },
      onWaiting: (reasons) => events.notReadyYet(reasons),
      warmUp: () => warmUpStore(warming, opened),
    });
    return { ...ports, reload: () => rules.reload(), stop: () => stop(parts) };
  } catch (error) {
    await closeAll(parts, 0);
    throw new StartError(1, [(error as Error).message], { cause: error });
  }
}

/** Redis' part of the way, once it is there. */
async function warmUpStore(warming: WarmUpNeeds, { store, openWarmUpStore }: OpenedStore): Promise<void> {
  if (openWarmUpStore !== undefined && store.isReady()) await warmUpWithStore(warming, openWarmUpStore());
}

/** What has to be ended when the server stops. */
interface Parts {
  readonly settings: Settings;
  readonly rules: LiveRules;
  readonly store: Store;
  readonly serving: Serving;
  readonly servers: Servers;
  readonly observers: Observers;
  readonly operations: Operations;
  readonly admin: Admin | undefined;
}

interface Servers {
  readonly grpc: GrpcServer;
  readonly http: HttpServer;
}

/** @throws StartError the rules are broken (2), or cannot be loaded for want of something else (1) */
async function startRules(settings: Settings, metrics: Metrics, events: BusinessEvents): Promise<LiveRules> {
  const path = settings.rules;
  const rules = new LiveRules({
    path,
    compile: { defaultAlgorithm: settings.defaultAlgorithm },
    pollMillis: settings.rulesPollMillis,
    events: {
      rulesReloaded: (inForce) => {
        events.rulesReloaded(summarize(path, inForce), inForce.seconds);
        void inTurns(metrics.decisions.keepOnly(eachRule(inForce.encoded)));
      },
      rulesUnchanged: (seconds) => events.rulesUnchanged(path, seconds),
      rulesRefused: (faults, seconds) => events.rulesRefused(path, faults, seconds),
      rulesNotWatched: (folder, error) => events.rulesNotWatched(folder, error.message),
    },
  });
  const first = await rules.start();
  if (first.kind !== "rules") throw whyNoRules(first);
  events.rulesLoaded(summarize(path, first));
  return rules;
}

function whyNoRules(first: Exclude<FirstRules, { kind: "rules" }>): StartError {
  return first.kind === "faulty" ? new StartError(2, first.faults.texts) : new StartError(1, [first.reason]);
}

function summarize(path: string, { rules, encoded, warnings }: RulesInForce): RulesSummary {
  return { path, domains: rules.domains.size, rules: countRules(encoded), warnings };
}

/** @throws StartError (2) a file that a setting names cannot be used */
function buildServers(settings: Settings, engines: Engines, serving: Serving, observers: Observers): Servers {
  const { logger, metrics, traces } = observers;
  const reportFault = (message: string, error: unknown): void => logger.error({ err: error }, message);
  const answered = createShouldRateLimit({
    decide: (request, caller) => engines.proxies.decide(request, caller),
    reportFault,
  });
  const shouldRateLimit = traces === undefined ? answered : traces.traced(answered);
  const rateLimiter = createRateLimiter({
    check: (request, caller) => engines.direct.decide(request, caller),
    look: (request, caller) => engines.look.decide(request, caller),
    reportFault,
  });
  const grpc = createGrpcServer(settings, metrics, reportFault);
  addServices(grpc, { shouldRateLimit, ...rateLimiter });
  const http = new HttpServer({
    reportFault,
    routes: [
      ...operatorRoutes({
        readiness: () => serving.readiness(),
        isServing: () => serving.readiness().ready,
        metrics: createScrape(metrics.registry, inTurns),
      }),
      jsonRoute(createAnswerJson(shouldRateLimit)),
    ],
  });
  return { grpc, http };
}

async function stop(parts: Parts): Promise<void> {
  const { settings, serving, observers } = parts;
  const { events } = observers;
  events.stopping();
  serving.end();
  await new Promise((resolve) => setTimeout(resolve, settings.shutdownDelayMillis));
  await closeAll(parts, settings.shutdownTimeoutMillis);
  events.stopped();
}

async function closeAll(parts: Parts, deadlineMillis: number): Promise<void> {
  const { rules, servers, store, observers, operations, admin } = parts;
  const listeners = [servers.grpc.shutdown(deadlineMillis), servers.http.stop(deadlineMillis)];
  await Promise.all([rules.close(), ...listeners, admin?.stop(deadlineMillis)]);
  await operations.controls.close();
  await store.close();
  await observers.close();
}
