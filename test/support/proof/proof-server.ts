import { fileURLToPath } from "node:url";
import type { Server } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import type { TlsSettings } from "../../../src/grpc-server/tls-settings.js";
import { createTextMethods, type Seen } from "../../conformance/text-methods.js";
import { type NativeServer, startNative } from "../grpc/native-server.js";
import { TEXT_SERVICE } from "../grpc/text-service.js";

const PROTO = fileURLToPath(new URL("../../../proto", import.meta.url));

export const SHOULD_RATE_LIMIT = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** RateLimitResponse: overall_code OK, and one status of code OK. */
const ALL_OK = Buffer.from([0x08, 0x01, 0x12, 0x02, 0x08, 0x01]);

export interface ProofServer extends NativeServer {
  /** What the methods of the text service have noticed. */
  readonly seen: Seen;
}

/**
 * The default server with all its limits, stopped after the test: ECHO and ShouldRateLimit on the fast lane, and by the
 * contract of grpc-js a service of texts, health and reflection.
 */
export async function startProofServer(tls?: TlsSettings): Promise<ProofServer> {
  const seen: Seen = { cancelled: [], started: [] };
  const native = await startNative({}, { [SHOULD_RATE_LIMIT]: () => ALL_OK });
  const { server } = native;
  server.addService(TEXT_SERVICE, createTextMethods(seen));
  new HealthImplementation({ "": "SERVING", ratelimit: "NOT_SERVING" }).addToServer(server as unknown as Server);
  const definitions = loadSync("envoy/service/ratelimit/v3/rls.proto", { includeDirs: [PROTO] });
  new ReflectionService(definitions).addToServer(server);
  const port = tls === undefined ? native.port : await server.listen({ host: "127.0.0.1", port: 0 }, tls);
  return { ...native, port, seen };
}
