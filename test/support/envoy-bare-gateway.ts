import { freePort } from "./free-port.js";

// What Istio, Envoy Gateway and others tell an Envoy before a recipe of envoy/ is applied, as little of it as Envoy needs.

/** A part of Envoy's configuration, such as a filter. */
export interface ConfigNode {
  [key: string]: unknown;
}

export interface VirtualHost extends ConfigNode {
  readonly name: string;
  readonly routes: (ConfigNode & { readonly name: string; readonly route: ConfigNode })[];
}

/** A gateway with one listener, one virtual host and something that answers. Recipes change it in place. */
export interface BareGateway {
  readonly front: number;
  readonly admin: number;
  readonly listener: ConfigNode;
  readonly httpFilters: ConfigNode[];
  readonly routes: { readonly virtual_hosts: VirtualHost[] };
  readonly clusters: ConfigNode[];
}

const HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/** @param paths the route of each name, tried in this order; they answer with Envoy's own page */
export async function bareGateway(virtualHost: string, paths: Readonly<Record<string, string>>): Promise<BareGateway> {
  const [front, admin] = [await freePort(), await freePort()];
  const routes = {
    virtual_hosts: [
      {
        name: virtualHost,
        domains: ["*"],
        routes: Object.entries(paths).map(([name, prefix]) => ({
          name,
          match: { prefix },
          route: { cluster: "services", regex_rewrite: { pattern: { regex: "^.*$" }, substitution: "/ready" } },
        })),
      },
    ],
  };
  const httpFilters = [{ name: "envoy.filters.http.router", typed_config: { "@type": ROUTER } }];
  const connectionManager = {
    "@type": HTTP,
    stat_prefix: "front",
    use_remote_address: true,
    http_filters: httpFilters,
    route_config: routes,
  };
  const listener = {
    name: "front",
    address: address(front),
    default_filter_chain: {
      filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: connectionManager }],
    },
  };
  return { front, admin, listener, httpFilters, routes, clusters: [cluster("services", admin)] };
}

/** A cluster of one endpoint on 127.0.0.1. */
export function cluster(name: string, port: number): ConfigNode {
  return {
    name,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
  };
}

/** A cluster of one Weir, as gateways make of its Service. */
export function weirCluster(name: string, port: number): ConfigNode {
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return {
    ...cluster(name, port),
    typed_extension_protocol_options: {
      [options]: {
        "@type": `type.googleapis.com/${options}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
}

/** The text of the whole configuration. JSON is YAML. */
export function configurationOf({ admin, listener, clusters }: BareGateway): string {
  return JSON.stringify({
    admin: { address: address(admin) },
    static_resources: { listeners: [listener], clusters },
  });
}

function address(port: number): ConfigNode {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
