import type { MethodDefinition, ServiceDefinition } from "@grpc/proto-loader";
import { loadProtoFiles } from "../package-definition.js";
import type { DiscoveryRequest, DiscoveryResponse } from "./discovery-messages.js";

const SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/**
 * The one method of aggregated discovery, a stream in both directions, with the codec of its messages. Read when this is
 * imported: later it would hold up decisions.
 */
export const ADS_METHOD = loadAdsMethod();

function loadAdsMethod(): MethodDefinition<DiscoveryRequest, DiscoveryResponse> {
  const loaded = loadProtoFiles(["envoy/service/discovery/v3/ads.proto"], { defaults: true });
  const method = (loaded[SERVICE] as ServiceDefinition).StreamAggregatedResources;
  return method as unknown as MethodDefinition<DiscoveryRequest, DiscoveryResponse>;
}
