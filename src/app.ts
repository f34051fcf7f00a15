import { createGrpcServer, grpcAddress } from "./app/grpc-servers.js";
import { type Admin, createAdmin, type Operations, openOperations } from "./app/open-admin.js";
import { openEngines } from "./app/open-engines.js";
import { type Observers, openObservers } from "./app/open-observers.js";
import { type OpenedRules, openRules } from "./app/open-rules.js";
import { type OpenedStore, openLocalStore, openStore } from "./app/open-store.js";
import { Serving } from "./app/serving.js";
import { rulesCondition, storeCondition } from "./app/serving-conditions.js";
import { type WarmUpNeeds, warmUpInMemory, warmUpWithStore } from "./app/warm-up/warm-up-decisions.js";
import type { Engines } from "./engine/engines.js";
import { addServices } from "./grpc/add-services.js";
import type { GrpcServer } from "./grpc/grpc-server.js";
import { createAnswerJson } from "./grpc/json/answer-json.js";
import { createShouldRateLimit } from "./grpc/rate-limit-service.js";
import { createRateLimiter } from "./grpc/rate-limiter-service.js";
import { HttpServer } from "./http/http-server.js";
import { jsonRoute } from "./http/json-route.js";
import { metricsRoute, operatorRoutes } from "./http/operator-routes.js";
import { inTurns } from "./in-turns.js";
import { createScrape } from "./observe/metrics-page.js";
import type { Settings } from "./settings.js";
import { StartError } from "./start-error.js";
import { readHashSecret } from "./stores/hash-secret.js";
import { readVersion } from "./version.js";

/** A running server. */
export interface App {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Absent where there is no admin API. */
  readonly adminPort?: number;
  /** Absent where metrics have no listener of their own. */
  readonly metricsPort?: number;
  /** Reads the rules again, whether their files seem changed or not, if they come from files. */
  reload(): void;
  /** Tells health checks to look elsewhere, waits, lets calls in flight end, and closes everything. */
  stop(): Promise<void>;
}

/**
 * Puts the parts together and opens the listeners.
 * @param signal ends the waiting for the first rules, where that is
 * @throws StartError broken rules or a bad secret (exit code 2), or a listener that cannot be opened (1)
 */
export async function startApp(settings: Settings, signal?: AbortSignal): Promise<App> {
  const version = readVersion();
  const observers = await openObservers(settings, version);
  const { metrics, events } = observers;
  const { givenByRatelimit } = settings;
  if (givenByRatelimit !== undefined) {
    events.ratelimitVariablesTaken(givenByRatelimit.taken, givenByRatelimit.warnings);
  }
  const hashSecret = settings.hashKeys ? readHashSecret(settings.hashKeysSecretFile) : undefined;
  const openedRules = await openRules(settings, observers, signal);
  const { rules } = openedRules;
  const openedStore = openStore(settings, metrics, events);
  const { store } = openedStore;
  const localStore = openLocalStore(settings, metrics);
  const operations = openOperations(openedStore, hashSecret, observers);
  const { controls, topRefused } = operations;
  const engines = openEngines({
    rules: () => (rules.isLoaded ? rules.current : undefined),
    store,
    localStore,
    settings,
    hashSecret,
    events,
    controls,
    topRefused,
  });
  const admin = createAdmin({
    version,
    settings,
    openedStore,
    openedRules,
    engine: engines.proxies,
    operations,
    observers,
  });
  const conditions = [
    ...(settings.readyWithoutStore ? [] : [storeCondition(store, controls)]),
    rulesCondition(openedRules),
  ];
  const serving = new Serving(conditions);
  const servers = buildServers(settings, engines, serving, observers);
  const parts = { settings, openedRules, openedStore, serving, servers, observers, operations, admin };
  try {
    const grpcPort = await servers.grpc.listen(grpcAddress(settings));
    const httpPort = await servers.http.listen(settings.httpListen);
    const adminPort = await admin?.listen();
    const metricsPort = await listenForMetrics(settings, servers);
    controls.start();
    const ports = {
      grpcPort,
      httpPort,
      ...(adminPort === undefined ? {} : { adminPort }),
      ...(metricsPort === undefined ? {} : { metricsPort }),
    };
    events.listening({ version, store: store.kind, ...ports });
    await beginServing(parts, { settings, hashSecret, logger: observers.logger });
    return { ...ports, reload: () => openedRules.reload(), stop: () => stop(parts) };
  } catch (error) {
    await closeAll(parts, 0);
    throw new StartError(1, [(error as Error).message], { cause: error });
  }
}

/** Compiles the decision path by running it, and lets traffic come once all is there. */
async function beginServing({ serving, servers, openedStore, observers }: Parts, needs: WarmUpNeeds): Promise<void> {
  const { events } = observers;
  const { store, openWarmUpStore } = openedStore;
  await warmUpInMemory(needs);
  serving.begin({
    onChange: (isServing) => {
      servers.grpc.setServing(isServing);
      if (isServing) events.ready();
    },
    onWaiting: (reasons) => events.notReadyYet(reasons),
    warmUp: async () => {
      if (openWarmUpStore !== undefined && store.isReady()) await warmUpWithStore(needs, openWarmUpStore());
    },
  });
}

/** What has to be ended when the server stops. */
interface Parts {
  readonly settings: Settings;
  readonly openedRules: OpenedRules;
  readonly openedStore: OpenedStore;
  readonly serving: Serving;
  readonly servers: Servers;
  readonly observers: Observers;
  readonly operations: Operations;
  readonly admin: Admin | undefined;
}

interface Servers {
  readonly grpc: GrpcServer;
  readonly http: HttpServer;
  /** Metrics and nothing else. */
  readonly metrics: HttpServer;
}

async function listenForMetrics({ metricsListen }: Settings, { metrics }: Servers): Promise<number | undefined> {
  return metricsListen === undefined ? undefined : await metrics.listen(metricsListen);
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
  const grpc = createGrpcServer(settings, observers, reportFault);
  addServices(grpc, { shouldRateLimit, ...rateLimiter });
  const scrape = createScrape(metrics.registry, inTurns);
  const http = new HttpServer({
    reportFault,
    routes: [
      ...operatorRoutes({
        readiness: () => serving.readiness(),
        isServing: () => serving.readiness().ready,
        metrics: scrape,
      }),
      jsonRoute(createAnswerJson(shouldRateLimit)),
    ],
  });
  const ownMetrics = new HttpServer({ reportFault, routes: [metricsRoute(settings.metricsPath, scrape)] });
  return { grpc, http, metrics: ownMetrics };
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
  const { openedRules, servers, openedStore, observers, operations, admin } = parts;
  const { grpc, http, metrics } = servers;
  const listeners = [grpc.shutdown(deadlineMillis), http.stop(deadlineMillis), metrics.stop(deadlineMillis)];
  await Promise.all([openedRules.close(), ...listeners, admin?.stop(deadlineMillis)]);
  await operations.controls.close();
  await openedStore.store.close();
  await observers.close();
}
