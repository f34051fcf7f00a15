import { textReply } from "./http-reply.js";
import type { Route } from "./router.js";

/** Whether traffic should come here, and what keeps it away. */
export interface Readiness {
  readonly ready: boolean;
  /** For people; what is missing, empty when ready. */
  readonly reasons: readonly string[];
}

/** A page of metrics as the registry writes it. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

export interface OperatorRouteParts {
  readonly readiness: () => Readiness;
  /** What the gRPC health service answers too. */
  readonly isServing: () => boolean;
  readonly metrics: () => Promise<MetricsPage>;
}

/**
 * What kubelets, load balancers and Prometheus ask for: /healthz (the process lives, whatever Redis does), /readyz,
 * /healthcheck (envoyproxy/ratelimit's) and /metrics.
 */
export function operatorRoutes({ readiness, isServing, metrics }: OperatorRouteParts): readonly Route[] {
  return [
    { method: "GET", path: "/healthz", handle: () => textReply(200, "OK") },
    {
      method: "GET",
      path: "/readyz",
      handle: () => {
        const { ready, reasons } = readiness();
        return ready ? textReply(200, "OK") : textReply(503, ["not ready", ...reasons].join("\n"));
      },
    },
    {
      method: "GET",
      path: "/healthcheck",
      handle: () => (isServing() ? textReply(200, "OK") : textReply(500, "not serving")),
    },
    metricsRoute("/metrics", metrics),
  ];
}

/** Metrics at a path. */
export function metricsRoute(path: string, metrics: OperatorRouteParts["metrics"]): Route {
  return { method: "GET", path, handle: async () => ({ status: 200, ...(await metrics()) }) };
}
