import type { Decision } from "../../src/engine/decision.js";
import type { EngineCaller, RateLimitRequest } from "../../src/engine/request.js";
import { addServices } from "../../src/grpc/add-services.js";
import { GrpcJsServer } from "../../src/grpc/grpc-js-server.js";
import type { GrpcServer } from "../../src/grpc/grpc-server.js";
import { createAnswerJson } from "../../src/grpc/json/answer-json.js";
import { NativeGrpcServer } from "../../src/grpc/native-grpc-server.js";
import { createShouldRateLimit } from "../../src/grpc/rate-limit-service.js";
import { createRateLimiter } from "../../src/grpc/rate-limiter-service.js";
import { HttpServer } from "../../src/http/http-server.js";
import { jsonRoute } from "../../src/http/json-route.js";
import { type OperatorRouteParts, operatorRoutes } from "../../src/http/operator-routes.js";
import { GrpcClient } from "./grpc-client.js";

export type Decide = (request: RateLimitRequest, caller: EngineCaller) => Decision | Promise<Decision>;

/** Weir's two listeners around an engine of the test's choice, on free ports of 127.0.0.1. */
export interface Servers {
  readonly grpc: GrpcServer;
  readonly http: HttpServer;
  readonly client: GrpcClient;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly httpUrl: string;
  /** What was told to the log. */
  readonly faults: { readonly message: string; readonly error: unknown }[];
  close(): Promise<void>;
}

/** The servers that settings can choose from, the default first. */
export const SERVER_KINDS = ["native", "grpc-js"] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

const HEALTHY: OperatorRouteParts = {
  readiness: () => ({ ready: true, reasons: [] }),
  isServing: () => true,
  metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "weir_up 1\n" }),
};

/** @param direct what answers the direct API, where that is not `decide` */
export async function startServers(
  decide: Decide,
  operator: Partial<OperatorRouteParts> = {},
  kind: ServerKind = "native",
  direct: { readonly check?: Decide; readonly look?: Decide } = {},
): Promise<Servers> {
  const faults: Servers["faults"] = [];
  const reportFault = (message: string, error: unknown): void => void faults.push({ message, error });
  const shouldRateLimit = createShouldRateLimit({ decide, reportFault });
  const grpc = kind === "native" ? new NativeGrpcServer() : new GrpcJsServer();
  addServices(grpc, { shouldRateLimit, ...createRateLimiter({ check: decide, look: decide, reportFault, ...direct }) });
  const routes = [...operatorRoutes({ ...HEALTHY, ...operator }), jsonRoute(createAnswerJson(shouldRateLimit))];
  const http = new HttpServer({ routes, reportFault });
  const grpcPort = await grpc.listen({ host: "127.0.0.1", port: 0 });
  const httpPort = await http.listen({ host: "127.0.0.1", port: 0 });
  const client = new GrpcClient(grpcPort);
  const close = async (): Promise<void> => {
    client.close();
    await Promise.all([grpc.shutdown(0), http.stop(0)]);
  };
  return { grpc, http, client, grpcPort, httpPort, httpUrl: `http://127.0.0.1:${httpPort}`, faults, close };
}
