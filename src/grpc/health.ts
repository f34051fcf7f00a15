import { HealthImplementation } from "grpc-health-check";
import type { ServiceRegistry } from "./grpc-server.js";
import { RATE_LIMIT_SERVICE } from "./rate-limit-definition.js";
import { RATE_LIMITER_SERVICE } from "./rate-limiter-definition.js";

/** Whom the health service knows: the server as a whole, the name that ER has, and the services' own. */
const SERVICES = ["", "ratelimit", RATE_LIMIT_SERVICE, RATE_LIMITER_SERVICE] as const;

/** SERVING as long as somebody can answer, whatever becomes of the store: what decides whether to start the process anew. */
const LIVE = "live";

/** A Watch call in progress. */
interface Watch {
  end(): void;
  on(event: "cancelled", listener: () => void): void;
}

/** The service grpc.health.v1.Health. It says NOT_SERVING until told otherwise, except of `live`. */
export class Health {
  readonly #health = new HealthImplementation({
    ...Object.fromEntries(SERVICES.map((name) => [name, "NOT_SERVING" as const])),
    [LIVE]: "SERVING",
  });
  readonly #watches = new Set<Watch>();
  #closed = false;

  addTo(registry: ServiceRegistry): void {
    this.#health.addToServer({
      addService: (definition, implementation) => {
        const watch = implementation.watch as (call: Watch) => void;
        registry.addService(definition, { ...implementation, watch: (call: Watch) => this.#watch(call, watch) });
      },
    });
  }

  setServing(serving: boolean): void {
    if (this.#closed) return;
    for (const name of SERVICES) this.#health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
  }

  /** Ends the Watch calls, which by themselves would last as long as their clients and hold up the server's end. */
  close(): void {
    this.#closed = true;
    for (const call of this.#watches) call.end();
    this.#watches.clear();
  }

  #watch(call: Watch, watch: (call: Watch) => void): void {
    if (this.#closed) {
      call.end();
      return;
    }
    this.#watches.add(call);
    call.on("cancelled", () => this.#watches.delete(call));
    watch(call);
  }
}
