import { Engine } from "./engine/engine.js";
import { addRateLimitService } from "./grpc/add-rate-limit-service.js";
import { GrpcJsServer } from "./grpc/grpc-js-server.js";
import type { GrpcServer } from "./grpc/grpc-server.js";
import { createAnswerJson } from "./grpc/json/answer-json.js";
import { createShouldRateLimit } from "./grpc/rate-limit-service.js";
import { HttpServer } from "./http/http-server.js";
import { jsonRoute } from "./http/json-route.js";
import { operatorRoutes } from "./http/operator-routes.js";
import { BusinessEvents } from "./observe/business-events.js";
import { createLogger, type Logger } from "./observe/log.js";
import { Metrics } from "./observe/metrics.js";
import { formatFault } from "./rules/faults.js";
import { loadRules } from "./rules/load-rules.js";
import type { RuleSet } from "./rules/rule.js";
import { Serving } from "./serving.js";
import type { Settings } from "./settings.js";
import { StartError } from "./start-error.js";
import { MemoryStore } from "./stores/memory/memory-store.js";
import { RedisStore } from "./stores/redis/redis-store.js";
import type { Store } from "./stores/store.js";
import { readVersion } from "./version.js";

/** A running server. */
export interface App {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Tells health checks to look elsewhere, waits, lets calls in flight end, and closes everything. */
  stop(): Promise<void>;
}

/**
 * Puts the parts together and opens the listeners.
 * @throws StartError broken rules (exit code 2), or a listener that cannot be opened (1)
 */
export async function startApp(settings: Settings): Promise<App> {
  const version = readVersion();
  const logger = createLogger({ level: settings.logLevel });
  const metrics = new Metrics(version);
  const events = new BusinessEvents(metrics, logger);
  const rules = await loadRulesOrFail(settings, events);
  const store = openStore(settings, metrics);
  const engine = new Engine({ rules: () => rules, store, settings, events });
  const serving = new Serving(store);
  const servers = buildServers(engine, serving, metrics, logger);
  try {
    const grpcPort = await servers.grpc.listen(settings.grpcListen);
    const httpPort = await servers.http.listen(settings.httpListen);
    serving.begin((isServing) => servers.grpc.setServing(isServing));
    events.started({ version, store: store.kind, grpcPort, httpPort });
    return { grpcPort, httpPort, stop: () => stop(settings, servers, serving, store, events) };
  } catch (error) {
    await closeAll(servers, store, 0);
    throw new StartError(1, [(error as Error).message], { cause: error });
  }
}

interface Servers {
  readonly grpc: GrpcServer;
  readonly http: HttpServer;
}

async function loadRulesOrFail(settings: Settings, events: BusinessEvents): Promise<RuleSet> {
  const { rules, faults } = await loadRules(settings.rules);
  const texts = faults.map(formatFault);
  if (rules === undefined) throw new StartError(2, texts);
  const count = [...rules.domains.values()].reduce((sum, domain) => sum + domain.rules.length, 0);
  events.rulesLoaded({ path: settings.rules, domains: rules.domains.size, rules: count, warnings: texts });
  return rules;
}

function openStore(settings: Settings, metrics: Metrics): Store {
  const pendingLapseMicros = Math.round(settings.pendingLapseMillis * 1000);
  if (settings.store === "redis") {
    return new RedisStore({ url: settings.redisUrl, keyPrefix: settings.redisKeyPrefix, pendingLapseMicros });
  }
  const store = new MemoryStore({ maxBuckets: settings.memoryMaxBuckets, pendingLapseMicros });
  metrics.watchMemoryStore(() => ({ buckets: store.size, evictions: store.evictions }));
  return store;
}

function buildServers(engine: Engine, serving: Serving, metrics: Metrics, logger: Logger): Servers {
  const reportFault = (message: string, error: unknown): void => logger.error({ err: error }, message);
  const shouldRateLimit = createShouldRateLimit({
    decide: (request, callerBudgetMillis) => engine.decide(request, callerBudgetMillis),
    reportFault,
  });
  const grpc = new GrpcJsServer();
  addRateLimitService(grpc, shouldRateLimit);
  const { registry } = metrics;
  const http = new HttpServer({
    reportFault,
    routes: [
      ...operatorRoutes({
        readiness: () => serving.readiness(),
        isServing: () => serving.readiness().ready,
        metrics: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
      }),
      jsonRoute(createAnswerJson(shouldRateLimit)),
    ],
  });
  return { grpc, http };
}

async function stop(
  settings: Settings,
  servers: Servers,
  serving: Serving,
  store: Store,
  events: BusinessEvents,
): Promise<void> {
  events.stopping();
  serving.end();
  await new Promise((resolve) => setTimeout(resolve, settings.shutdownDelayMillis));
  await closeAll(servers, store, settings.shutdownTimeoutMillis);
  events.stopped();
}

async function closeAll(servers: Servers, store: Store, deadlineMillis: number): Promise<void> {
  await Promise.all([servers.grpc.shutdown(deadlineMillis), servers.http.stop(deadlineMillis)]);
  await store.close();
}
