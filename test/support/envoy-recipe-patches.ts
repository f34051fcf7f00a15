import type { BareGateway, ConfigNode } from "./envoy-bare-gateway.js";
import { expectSame, type RecipeResource, understood } from "./envoy-recipe-resources.js";

// What Istio and Envoy Gateway do with the patches in envoy/, as their documentation tells it, for the few operations that
// these use. A patch that would do nothing there, or has what is not understood here, is an error.

/** The proxy that EnvoyFilters are for. */
export interface IstioProxy {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: "GATEWAY" | "SIDECAR_INBOUND";
}

interface IstioSpec {
  readonly workloadSelector: { readonly labels: object };
  readonly configPatches: readonly IstioPatch[];
}

interface IstioPatch {
  readonly applyTo: string;
  readonly match: {
    readonly context: string;
    readonly listener?: {
      readonly filterChain: {
        readonly filter: { readonly name: string; readonly subFilter: { readonly name: string } };
      };
    };
    readonly routeConfiguration?: {
      readonly vhost: { readonly name: string; readonly route?: { readonly name: string } };
    };
  };
  readonly patch: { readonly operation: string; readonly value: ConfigNode };
}

/** Applies the patches of EnvoyFilters. @throws Error where one meets nothing, or is of a kind not known here */
export function applyEnvoyFilters(
  gateway: BareGateway,
  resources: readonly RecipeResource[],
  { namespace, labels, context }: IstioProxy,
): void {
  for (const resource of resources) {
    const { kind, metadata, spec } = understood(resource, "apiVersion", "kind", "metadata", "spec");
    expectSame("kind", kind, "EnvoyFilter");
    expectSame("namespace", metadata.namespace, namespace);
    const { workloadSelector, configPatches } = understood(
      spec as unknown as IstioSpec,
      "workloadSelector",
      "configPatches",
    );
    expectSame("labels", understood(workloadSelector, "labels").labels, labels);
    for (const patch of configPatches) applyIstioPatch(gateway, patch, context);
  }
}

function applyIstioPatch(gateway: BareGateway, istioPatch: IstioPatch, context: string): void {
  const { applyTo, match, patch } = understood(istioPatch, "applyTo", "match", "patch");
  const { operation, value } = understood(patch, "operation", "value");
  expectSame("context", match.context, context);
  const kind = `${applyTo} ${operation}`;
  if (kind === "HTTP_FILTER INSERT_BEFORE") {
    const { httpFilters } = gateway;
    httpFilters.splice(indexOf(httpFilters, subFilterOf(match)), 0, value);
  } else if (kind === "VIRTUAL_HOST MERGE" || kind === "HTTP_ROUTE MERGE") {
    merge(routeTarget(gateway, match, applyTo === "HTTP_ROUTE"), value);
  } else throw new Error(`not known here: ${kind}`);
}

/** The name of the HTTP filter that is matched. */
function subFilterOf(match: IstioPatch["match"]): string {
  const { listener } = understood(match, "context", "listener");
  if (listener === undefined) throw new Error("a filter is matched in a listener");
  const { filter } = understood(understood(listener, "filterChain").filterChain, "filter");
  const { name, subFilter } = understood(filter, "name", "subFilter");
  expectSame("filter", name, "envoy.filters.network.http_connection_manager");
  return understood(subFilter, "name").name;
}

/** The virtual host that is matched, or the route in it. */
function routeTarget({ routes }: BareGateway, match: IstioPatch["match"], isRoute: boolean): ConfigNode {
  const { routeConfiguration } = understood(match, "context", "routeConfiguration");
  if (routeConfiguration === undefined) throw new Error("a virtual host is matched in a route configuration");
  const { vhost } = understood(routeConfiguration, "vhost");
  const { name, route } = isRoute ? understood(vhost, "name", "route") : understood(vhost, "name");
  const virtualHost = routes.virtual_hosts[indexOf(routes.virtual_hosts, name)]!;
  if (!isRoute) return virtualHost;
  if (route === undefined) throw new Error("a route is matched by its name");
  return virtualHost.routes[indexOf(virtualHost.routes, understood(route, "name").name)]!;
}

function indexOf(all: readonly ConfigNode[], name: string): number {
  const index = all.findIndex((one) => one.name === name);
  if (index === -1) throw new Error(`the patch meets nothing: ${name}`);
  return index;
}

function merge(into: ConfigNode, from: ConfigNode): void {
  for (const [key, value] of Object.entries(from)) {
    const old = into[key];
    if (isNode(old) && isNode(value)) merge(old, value);
    else into[key] = value;
  }
}

function isNode(value: unknown): value is ConfigNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface GatewayPatchSpec {
  readonly targetRef: object;
  readonly type: string;
  readonly jsonPatches: readonly GatewayPatch[];
}

interface GatewayPatch {
  readonly type: string;
  readonly name: string;
  readonly operation: {
    readonly op: string;
    readonly path: string;
    readonly jsonPath?: string;
    readonly value: ConfigNode;
  };
}

/**
 * Applies an EnvoyPatchPolicy.
 * @param listener namespace/gateway/listener, which is what Envoy Gateway calls the listener and its routes
 * @throws Error where a patch meets nothing, or is of a kind not known here
 */
export function applyPatchPolicy(gateway: BareGateway, policy: RecipeResource, listener: string): void {
  const { kind, metadata, spec } = understood(policy, "apiVersion", "kind", "metadata", "spec");
  const [namespace, name] = listener.split("/");
  expectSame("kind", kind, "EnvoyPatchPolicy");
  expectSame("namespace", metadata.namespace, namespace);
  const { targetRef, type, jsonPatches } = understood(
    spec as unknown as GatewayPatchSpec,
    ...(["targetRef", "type", "jsonPatches"] as const),
  );
  expectSame("targetRef", targetRef, { group: "gateway.networking.k8s.io", kind: "Gateway", name });
  expectSame("type", type, "JSONPatch");
  for (const patch of jsonPatches) applyGatewayPatch(gateway, patch, listener);
}

function applyGatewayPatch(gateway: BareGateway, patch: GatewayPatch, listener: string): void {
  const { type, name, operation } = understood(patch, "type", "name", "operation");
  const { op, path, jsonPath, value } = understood(operation, "op", "path", "jsonPath", "value");
  const kind = `${op} ${type.replace(/^type\.googleapis\.com\/envoy\.config\.\w+\.v3\./, "")} ${jsonPath ?? ""}`.trim();
  expectSame("name", name, kind === "add Cluster" ? value.name : listener);
  if (kind === "add Cluster" && path === "") gateway.clusters.push(value);
  else if (kind === "add Listener") addAt(gateway.listener, path.split("/").slice(1), value);
  else if (kind === "add RouteConfiguration $.virtual_hosts[*]") {
    for (const virtualHost of gateway.routes.virtual_hosts) addAt(virtualHost, path.split("/"), value);
  } else throw new Error(`not known here: ${kind}`);
}

/** RFC 6902 `add`. */
function addAt(into: unknown, [key, ...rest]: string[], value: unknown): void {
  if (!isNode(into) && !Array.isArray(into)) throw new Error("the patch meets nothing");
  if (rest.length > 0) addAt((into as ConfigNode)[key!], rest, value);
  else if (Array.isArray(into)) into.splice(Number(key), 0, value);
  else into[key!] = value;
}
