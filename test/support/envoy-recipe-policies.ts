import { parse } from "yaml";
import { type BareGateway, type ConfigNode, weirCluster } from "./envoy-bare-gateway.js";
import { expectSame, type RecipeResource, understood } from "./envoy-recipe-resources.js";

// What Contour 1.33 and kgateway 2.2 make of the resources in envoy/ for their Envoys, for the few settings that these use.
// One that is not understood here is an error.

const FILTER = "envoy.filters.http.ratelimit";
const TYPE = "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3";

interface Pair {
  readonly key: string;
  readonly value: string;
}

interface CircuitBreakers {
  readonly maxRequests: number;
  readonly maxPendingRequests: number;
}

/** The cluster that they make of Weir's Service. */
function clusterOf(breakers: CircuitBreakers, weirPort: number): ConfigNode {
  const { maxRequests, maxPendingRequests } = understood(breakers, "maxRequests", "maxPendingRequests");
  const thresholds = [{ max_requests: maxRequests, max_pending_requests: maxPendingRequests }];
  return { ...weirCluster("weir", weirPort), circuit_breakers: { thresholds } };
}

/** The filter that they make of their settings. */
function filterOf(name: string, settings: { timeout: string; failOpen: boolean } & ConfigNode): ConfigNode {
  const { timeout, failOpen, ...others } = settings;
  const [, millis] = /^(\d+)ms$/.exec(timeout) ?? [];
  if (millis === undefined) throw new Error(`not known here: a timeout of ${timeout}`);
  return {
    name,
    typed_config: {
      "@type": `${TYPE}.RateLimit`,
      ...others,
      timeout: `${Number(millis) / 1_000}s`,
      failure_mode_deny: !failOpen,
      rate_limit_service: {
        transport_api_version: "V3",
        grpc_service: { envoy_grpc: { cluster_name: "weir" } },
      },
    },
  };
}

interface ContourPolicy {
  readonly global: { readonly descriptors: readonly { readonly entries: readonly ContourEntry[] }[] };
}

interface ContourEntry {
  readonly remoteAddress?: object;
  readonly genericKey?: Pair;
  readonly requestHeader?: { readonly headerName: string; readonly descriptorKey: string };
}

interface ContourProxy {
  readonly virtualhost: { readonly fqdn: string; readonly rateLimitPolicy?: ContourPolicy };
  readonly routes: readonly {
    readonly conditions?: readonly { readonly prefix: string }[];
    readonly services: readonly object[];
    readonly rateLimitPolicy?: ContourPolicy;
  }[];
}

interface ContourSettings {
  readonly extensionService: string;
  readonly domain: string;
  readonly failOpen: boolean;
  readonly enableXRateLimitHeaders: boolean;
  readonly enableResourceExhaustedCode: boolean;
  readonly defaultGlobalRateLimitPolicy: ContourPolicy["global"];
}

/** Contour's settings of its rate limit service, out of its ConfigMap. */
export function contourSettings(configMap: RecipeResource): ContourSettings {
  const file = parse(configMap.data?.["contour.yaml"] ?? "") as { rateLimitService: ContourSettings };
  return understood(
    understood(file, "rateLimitService").rateLimitService,
    ...(["extensionService", "domain", "failOpen", "enableXRateLimitHeaders", "enableResourceExhaustedCode"] as const),
    "defaultGlobalRateLimitPolicy",
  );
}

/** The path of each route of an HTTPProxy, in their order. */
export function contourPaths({ spec }: RecipeResource): Record<string, string> {
  const { routes } = spec as unknown as ContourProxy;
  const paths = routes.map(({ conditions }, i) => {
    const prefixes = (conditions ?? []).map((condition) => understood(condition, "prefix").prefix);
    return [`route-${i}`, prefixes.join("") || "/"];
  });
  return Object.fromEntries(paths);
}

/** Applies an ExtensionService, Contour's ConfigMap and an HTTPProxy. @throws Error where one has what is not known here */
export function applyContour(gateway: BareGateway, resources: readonly RecipeResource[], weirPort: number): void {
  const [service, configMap, proxy] = resources;
  const extension = understood(
    service!.spec as unknown as {
      protocol: string;
      services: readonly object[];
      circuitBreakerPolicy: CircuitBreakers;
      timeoutPolicy: { response: string };
    },
    ...(["protocol", "services", "circuitBreakerPolicy", "timeoutPolicy"] as const),
  );
  expectSame("protocol", extension.protocol, "h2c");
  const settings = contourSettings(configMap!);
  expectSame("extensionService", settings.extensionService, `${service!.metadata.namespace}/${service!.metadata.name}`);
  gateway.clusters.push(clusterOf(extension.circuitBreakerPolicy, weirPort));
  const filter = filterOf(FILTER, {
    domain: settings.domain,
    timeout: understood(extension.timeoutPolicy, "response").response,
    failOpen: settings.failOpen,
    enable_x_ratelimit_headers: settings.enableXRateLimitHeaders ? "DRAFT_VERSION_03" : "OFF",
    rate_limited_as_resource_exhausted: settings.enableResourceExhaustedCode,
  });
  gateway.httpFilters.unshift(filter);
  applyProxy(gateway, proxy!, settings);
}

function applyProxy(gateway: BareGateway, proxy: RecipeResource, settings: ContourSettings): void {
  const byDefault = contourLimits({ global: settings.defaultGlobalRateLimitPolicy });
  const { virtualhost, routes } = understood(proxy.spec as unknown as ContourProxy, "virtualhost", "routes");
  const { fqdn, rateLimitPolicy } = understood(virtualhost, "fqdn", "rateLimitPolicy");
  const [host] = gateway.routes.virtual_hosts;
  expectSame("fqdn", fqdn, host!.name);
  host!.rate_limits = rateLimitPolicy === undefined ? byDefault : contourLimits(rateLimitPolicy);
  routes.forEach((route, i) => {
    const own = understood(route, "conditions", "services", "rateLimitPolicy").rateLimitPolicy;
    if (own !== undefined) host!.routes[i]!.route.rate_limits = contourLimits(own);
  });
}

/** Each descriptor is a rate limit, and each entry an action. */
function contourLimits(policy: ContourPolicy): ConfigNode[] {
  const { descriptors } = understood(understood(policy, "global").global, "descriptors");
  return descriptors.map((descriptor) => ({ actions: understood(descriptor, "entries").entries.map(contourAction) }));
}

function contourAction(entry: ContourEntry): ConfigNode {
  const { genericKey, requestHeader } = understood(entry, "remoteAddress", "genericKey", "requestHeader");
  if (genericKey !== undefined) return constant(genericKey);
  if (requestHeader === undefined) return { remote_address: {} };
  const { headerName, descriptorKey } = understood(requestHeader, "headerName", "descriptorKey");
  return { request_headers: { header_name: headerName, descriptor_key: descriptorKey } };
}

function constant(pair: Pair): ConfigNode {
  const { key, value } = understood(pair, "key", "value");
  return { generic_key: { descriptor_key: key, descriptor_value: value } };
}

interface KgatewayExtension {
  readonly grpcService: { readonly backendRef: { readonly name: string; readonly port: number } };
  readonly domain: string;
  readonly timeout: string;
  readonly failOpen: boolean;
  readonly xRateLimitHeaders: string;
}

interface KgatewayPolicy {
  readonly extensionRef: { readonly name: string; readonly namespace: string };
  readonly descriptors: readonly { readonly entries: readonly KgatewayEntry[] }[];
}

interface KgatewayEntry {
  readonly type: string;
  readonly header?: string;
  readonly generic?: Pair;
}

/**
 * Applies a GatewayExtension, a TrafficPolicy and a BackendConfigPolicy, to the gateway's only route.
 * @throws Error where one has what is not known here
 */
export function applyKgateway(gateway: BareGateway, resources: readonly RecipeResource[], weirPort: number): void {
  const [extension, policy, backend] = resources;
  const rateLimit = understood(extension!.spec as { rateLimit: KgatewayExtension }, "rateLimit").rateLimit;
  const { domain, timeout, failOpen, xRateLimitHeaders, grpcService } = understood(
    rateLimit,
    ...(["domain", "timeout", "failOpen", "xRateLimitHeaders", "grpcService"] as const),
  );
  const { name: service } = understood(understood(grpcService, "backendRef").backendRef, "name", "port");
  expectSame("xRateLimitHeaders", xRateLimitHeaders, "DraftVersion03");
  const { targetRefs, circuitBreakers } = understood(
    backend!.spec as { targetRefs: readonly object[]; circuitBreakers: CircuitBreakers },
    "targetRefs",
    "circuitBreakers",
  );
  expectSame("targetRefs", targetRefs, [{ group: "", kind: "Service", name: service }]);
  expectSame("namespace", backend!.metadata.namespace, extension!.metadata.namespace);
  gateway.clusters.push(clusterOf(circuitBreakers, weirPort));
  const { name, namespace } = extension!.metadata;
  const filter = `ratelimit/${namespace}/${name}`;
  gateway.httpFilters.unshift(
    filterOf(filter, { domain, timeout, failOpen, enable_x_ratelimit_headers: "DRAFT_VERSION_03" }),
  );
  gateway.routes.virtual_hosts[0]!.routes[0]!.typed_per_filter_config = {
    [filter]: { "@type": `${TYPE}.RateLimitPerRoute`, rate_limits: kgatewayLimits(policy!, { name, namespace }) },
  };
}

function kgatewayLimits({ spec }: RecipeResource, extension: object): ConfigNode[] {
  const policy = spec as { targetRefs: readonly object[]; rateLimit: { global: KgatewayPolicy } };
  const { targetRefs, rateLimit } = understood(policy, "targetRefs", "rateLimit");
  expectSame("targetRefs", targetRefs, [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "shop" }]);
  const { extensionRef, descriptors } = understood(
    understood(rateLimit, "global").global,
    "extensionRef",
    "descriptors",
  );
  expectSame("extensionRef", extensionRef, extension);
  return descriptors.map((descriptor) => ({ actions: understood(descriptor, "entries").entries.map(kgatewayAction) }));
}

function kgatewayAction({ type, ...others }: KgatewayEntry): ConfigNode {
  if (type === "RemoteAddress" && Object.keys(others).length === 0) return { remote_address: {} };
  if (type === "Header") {
    const { header } = understood(others, "header");
    return { request_headers: { header_name: header, descriptor_key: header } };
  }
  const { generic } = understood(others, "generic");
  if (type !== "Generic" || generic === undefined) throw new Error(`not known here: ${type}`);
  return constant(generic);
}
