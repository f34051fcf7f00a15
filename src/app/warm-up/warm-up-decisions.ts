import { TopRefused } from "../../admin/live/top-refused.js";
import { RATE_LIMIT_METHODS } from "../../grpc/rate-limit-definition.js";
import { createShouldRateLimit } from "../../grpc/rate-limit-service.js";
import { BusinessEvents } from "../../observe/business-events.js";
import { createLogger, type Logger } from "../../observe/log.js";
import { Metrics } from "../../observe/metrics.js";
import type { Settings } from "../../settings.js";
import { MemoryStore } from "../../stores/memory/memory-store.js";
import type { Store } from "../../stores/store.js";
import { createGrpcServer } from "../grpc-servers.js";
import { openEngines } from "../open-engines.js";
import { callUntilWarm, type WarmUpBounds, type WarmUpResult } from "./warm-up.js";
import { warmUpRules } from "./warm-up-rules.js";

/**
 * With fewer, some of the first answers still wait for the compiler; more make them no faster (measured in processes
 * that have just begun).
 */
const IN_MEMORY: WarmUpBounds = { calls: 800, millis: 1_000 };
const WITH_STORE: WarmUpBounds = { calls: 1_200, millis: 1_000 };

/** A first decision may take long, which is what this is for. */
const STORE_TIMEOUT_MILLIS = 1_000;

export interface WarmUpNeeds {
  readonly settings: Settings;
  readonly hashSecret: Buffer | undefined;
  readonly logger: Logger;
}

/**
 * Lets the code of decisions run until it is compiled: from bytes to bytes over HTTP/2, on this process' own memory.
 * Nothing of it is seen: it is done by a server, an engine, metrics and a log of its own, all of which are thrown away.
 * That it fails is logged and no more. Never rejects.
 */
export async function warmUpInMemory(needs: WarmUpNeeds): Promise<void> {
  await warmUp(needs, new MemoryStore(), IN_MEMORY);
}

/** The same on another store. @param store whose buckets are not users'; it is closed afterwards */
export async function warmUpWithStore(needs: WarmUpNeeds, store: Store): Promise<void> {
  await warmUp(needs, store, WITH_STORE);
}

async function warmUp(needs: WarmUpNeeds, store: Store, bounds: WarmUpBounds): Promise<void> {
  const { logger } = needs;
  try {
    const { calls, millis } = await callOwnServer(needs, store, bounds);
    logger.debug({ store: store.kind, calls, seconds: millis / 1000 }, "warmed up");
  } catch (error) {
    logger.warn({ store: store.kind, err: error }, "the warm-up failed: the first answers may take longer");
  } finally {
    await store.close();
  }
}

/**
 * What a server on 127.0.0.1 with a single client needs, whatever users' clients are given: no TLS, since nobody has a
 * certificate for 127.0.0.1; room for a whole round of calls; and a connection that lasts.
 */
const PRIVATE_LISTENER = { grpcTlsCert: "", grpcMaxConcurrentStreams: 100, grpcMaxConnectionAgeMillis: 0 };

/** Calls the decision path as app.ts builds it, on a server that only this process knows. */
async function callOwnServer(needs: WarmUpNeeds, store: Store, bounds: WarmUpBounds): Promise<WarmUpResult> {
  const { settings } = needs;
  const metrics = new Metrics("", { maxRules: settings.metricsMaxRules, showsProcess: false });
  const logger = createLogger({ level: settings.logLevel, destination: { write: ignore } });
  const observers = { metrics, events: new BusinessEvents(metrics, logger) };
  const rules = warmUpRules();
  const { proxies } = openEngines({
    rules: () => rules,
    store,
    localStore: settings.onStoreFailure === "local" ? new MemoryStore() : undefined,
    settings: { ...settings, storeTimeoutMillis: STORE_TIMEOUT_MILLIS },
    hashSecret: needs.hashSecret,
    events: observers.events,
    topRefused: new TopRefused(),
  });
  const grpc = createGrpcServer({ ...settings, ...PRIVATE_LISTENER }, observers, ignore);
  const { ShouldRateLimit: definition } = RATE_LIMIT_METHODS;
  const handler = createShouldRateLimit({
    decide: (request, caller) => proxies.decide(request, caller),
    reportFault: ignore,
  });
  grpc.addUnary({ name: "ShouldRateLimit", definition, handler });
  try {
    const port = await grpc.listen({ host: "127.0.0.1", port: 0 });
    return await callUntilWarm({ port, path: definition.path }, bounds);
  } finally {
    await grpc.shutdown(0);
  }
}

function ignore(): void {
  // What happens while warming up concerns nobody.
}
