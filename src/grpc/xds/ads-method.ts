import { fileURLToPath } from "node:url";
import { loadSync, type MethodDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import type { DiscoveryRequest, DiscoveryResponse } from "./discovery-messages.js";

/** The folder of our .proto files; as far from src as from dist. */
const PROTO_DIRECTORY = fileURLToPath(new URL("../../../proto/", import.meta.url));
const SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/**
 * The one method of aggregated discovery, a stream in both directions, with the codec of its messages. Read when this is
 * imported: later it would hold up decisions.
 */
export const ADS_METHOD = loadAdsMethod();

function loadAdsMethod(): MethodDefinition<DiscoveryRequest, DiscoveryResponse> {
  const loaded = loadSync("envoy/service/discovery/v3/ads.proto", {
    includeDirs: [PROTO_DIRECTORY],
    keepCase: true,
    defaults: true,
  });
  const method = (loaded[SERVICE] as ServiceDefinition).StreamAggregatedResources;
  return method as unknown as MethodDefinition<DiscoveryRequest, DiscoveryResponse>;
}
