import type { AdsOptions } from "../grpc/xds/ads-options.js";
import { StartError } from "../start-error.js";
import { findTlsFileFaults } from "./file-faults.js";
import { given } from "./given.js";
import type { Settings } from "./table.js";

/**
 * The way to the control plane as the settings say, which name one.
 * @throws StartError (2) that names each file which cannot be used
 */
export function xdsOptions(settings: Settings): Omit<AdsOptions, "onResources" | "events"> {
  const { xdsServer: server } = settings;
  if (server === undefined) throw new Error("there is no control plane in these settings");
  const files = {
    caFile: given(settings.xdsTlsCa),
    certFile: given(settings.xdsTlsCert),
    keyFile: given(settings.xdsTlsKey),
  };
  const faults = findTlsFileFaults(settings, files, TLS_SETTINGS);
  if (faults.length > 0) throw new StartError(2, faults);
  return {
    server,
    nodeId: settings.xdsNodeId,
    nodeCluster: settings.xdsNodeCluster,
    nodeMetadata: settings.xdsNodeMetadata,
    ...(settings.xdsTls ? { tls: { ...files, serverName: given(settings.xdsServerName) } } : {}),
    keepaliveMillis: settings.xdsKeepaliveMillis,
    keepaliveTimeoutMillis: settings.xdsKeepaliveTimeoutMillis,
  };
}

const TLS_SETTINGS = { ca: "xdsTlsCa", cert: "xdsTlsCert", key: "xdsTlsKey" } as const;
