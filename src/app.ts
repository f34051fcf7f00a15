import { Engine } from "./engine/engine.js";
import { addRateLimitService } from "./grpc/add-rate-limit-service.js";
import type { GrpcServer } from "./grpc/grpc-server.js";
import { createAnswerJson } from "./grpc/json/answer-json.js";
import { createShouldRateLimit } from "./grpc/rate-limit-service.js";
import { createGrpcServer } from "./grpc-servers.js";
import { HttpServer } from "./http/http-server.js";
import { jsonRoute } from "./http/json-route.js";
import { operatorRoutes } from "./http/operator-routes.js";
import { BusinessEvents, type RulesSummary } from "./observe/business-events.js";
import { createLogger, type Logger } from "./observe/log.js";
import { Metrics } from "./observe/metrics.js";
import { openLocalStore, openStore } from "./open-store.js";
import { countRules, eachRule } from "./rules/reload/encoded-rules.js";
import { inTurns } from "./rules/reload/in-turns.js";
import { type FirstRules, LiveRules, type RulesInForce } from "./rules/reload/live-rules.js";
import { Serving } from "./serving.js";
import type { Settings } from "./settings.js";
import { StartError } from "./start-error.js";
import { identifyBuckets } from "./stores/bucket-identity.js";
import { readHashSecret } from "./stores/hash-secret.js";
import type { Store } from "./stores/store.js";
import { readVersion } from "./version.js";

/** A running server. */
export interface App {
  readonly grpcPort: number;
  readonly httpPort: number;
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
  const logger = createLogger({ level: settings.logLevel });
  const metrics = new Metrics(version);
  const events = new BusinessEvents(metrics, logger);
  const identifyBucket = identifyBuckets(settings.hashKeys ? readHashSecret(settings.hashKeysSecretFile) : undefined);
  const rules = await startRules(settings, metrics, events);
  const store = openStore(settings, metrics, events);
  const localStore = openLocalStore(settings, metrics);
  const engine = new Engine({ rules: () => rules.current, store, localStore, identifyBucket, settings, events });
  const serving = new Serving(store, !settings.readyWithoutStore);
  const servers = buildServers(settings, engine, serving, metrics, logger);
  const parts = { settings, rules, store, serving, servers, events };
  try {
    const grpcPort = await servers.grpc.listen(settings.grpcListen);
    const httpPort = await servers.http.listen(settings.httpListen);
    serving.begin((isServing) => servers.grpc.setServing(isServing));
    events.started({ version, store: store.kind, grpcPort, httpPort });
    return { grpcPort, httpPort, reload: () => rules.reload(), stop: () => stop(parts) };
  } catch (error) {
    await closeAll(parts, 0);
    throw new StartError(1, [(error as Error).message], { cause: error });
  }
}

/** What has to be ended when the server stops. */
interface Parts {
  readonly settings: Settings;
  readonly rules: LiveRules;
  readonly store: Store;
  readonly serving: Serving;
  readonly servers: Servers;
  readonly events: BusinessEvents;
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
function buildServers(settings: Settings, engine: Engine, serving: Serving, metrics: Metrics, logger: Logger): Servers {
  const reportFault = (message: string, error: unknown): void => logger.error({ err: error }, message);
  const shouldRateLimit = createShouldRateLimit({
    decide: (request, caller) => engine.decide(request, caller),
    reportFault,
  });
  const grpc = createGrpcServer(settings, metrics, reportFault);
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

async function stop(parts: Parts): Promise<void> {
  const { settings, serving, events } = parts;
  events.stopping();
  serving.end();
  await new Promise((resolve) => setTimeout(resolve, settings.shutdownDelayMillis));
  await closeAll(parts, settings.shutdownTimeoutMillis);
  events.stopped();
}

async function closeAll({ rules, servers, store }: Parts, deadlineMillis: number): Promise<void> {
  await Promise.all([rules.close(), servers.grpc.shutdown(deadlineMillis), servers.http.stop(deadlineMillis)]);
  await store.close();
}
