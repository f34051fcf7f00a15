import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { SHIPPED_CONFIGS } from "./envoy.js";
import type { BareGateway, ConfigNode } from "./envoy-bare-gateway.js";

// What gateways do with the resources in envoy/, as their documentation tells it, for the few operations that these use.

/** A Kubernetes resource. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: ConfigNode;
  readonly data?: Readonly<Record<string, string>>;
}

/** The resources in a file under envoy/. */
export function readResources(file: string): Resource[] {
  const documents = parseAllDocuments(readFileSync(resolve(SHIPPED_CONFIGS, file), "utf8"));
  return documents.map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as Resource;
  });
}

interface IstioPatch {
  readonly applyTo: string;
  readonly match: {
    readonly context: string;
    readonly listener?: {
      readonly filterChain: { readonly filter: { readonly subFilter: { readonly name: string } } };
    };
    readonly routeConfiguration?: {
      readonly vhost: { readonly name: string; readonly route?: { readonly name: string } };
    };
  };
  readonly patch: { readonly operation: string; readonly value: ConfigNode };
}

/** Applies the patches of EnvoyFilters. @throws Error where one meets nothing, or is of a kind not known here */
export function applyEnvoyFilters(gateway: BareGateway, resources: readonly Resource[]): void {
  for (const { spec } of resources)
    for (const patch of spec.configPatches as IstioPatch[]) applyIstioPatch(gateway, patch);
}

function applyIstioPatch({ httpFilters, routes }: BareGateway, { applyTo, match, patch }: IstioPatch): void {
  const kind = `${applyTo} ${patch.operation}`;
  if (kind === "HTTP_FILTER INSERT_BEFORE") {
    const before = match.listener?.filterChain.filter.subFilter.name;
    httpFilters.splice(indexOf(httpFilters, before), 0, patch.value);
    return;
  }
  const virtualHost = routes.virtual_hosts[indexOf(routes.virtual_hosts, match.routeConfiguration?.vhost.name)]!;
  const target =
    kind === "HTTP_ROUTE MERGE"
      ? virtualHost.routes[indexOf(virtualHost.routes, match.routeConfiguration?.vhost.route?.name)]
      : virtualHost;
  if (!kind.endsWith(" MERGE") || target === undefined) throw new Error(`not known here: ${kind}`);
  merge(target, patch.value);
}

function indexOf(all: readonly ConfigNode[], name: string | undefined): number {
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

/** Applies an EnvoyPatchPolicy. @throws Error where a patch meets nothing, or is of a kind not known here */
export function applyPatchPolicy(gateway: BareGateway, { spec }: Resource): void {
  for (const { type, operation } of spec.jsonPatches as GatewayPatch[]) {
    const { op, path, jsonPath, value } = operation;
    const kind = `${op} ${type.slice(type.lastIndexOf(".") + 1)} ${jsonPath ?? ""}`.trim();
    if (kind === "add Cluster" && path === "") gateway.clusters.push(value);
    else if (kind === "add Listener") addAt(gateway.listener, path.split("/").slice(1), value);
    else if (kind === "add RouteConfiguration $.virtual_hosts[*]") {
      for (const virtualHost of gateway.routes.virtual_hosts) addAt(virtualHost, path.split("/"), value);
    } else throw new Error(`not known here: ${kind}`);
  }
}

/** RFC 6902 `add`. */
function addAt(into: unknown, [key, ...rest]: string[], value: unknown): void {
  if (!isNode(into) && !Array.isArray(into)) throw new Error("the patch meets nothing");
  if (rest.length > 0) addAt((into as ConfigNode)[key!], rest, value);
  else if (Array.isArray(into)) into.splice(Number(key), 0, value);
  else into[key!] = value;
}

/** An entry of a descriptor: of Contour's HTTPProxy, or of kgateway's TrafficPolicy. */
interface Entry {
  readonly remoteAddress?: ConfigNode;
  readonly genericKey?: { readonly key: string; readonly value: string };
  readonly requestHeader?: { readonly headerName: string; readonly descriptorKey: string };
  readonly type?: string;
  readonly header?: string;
  readonly generic?: { readonly key: string; readonly value: string };
}

/** Contour's or kgateway's list of descriptors as the list of rate limits that each makes of it for Envoy. */
export function rateLimitsOf(policy: unknown): ConfigNode[] {
  const { descriptors } = policy as { descriptors: { entries: Entry[] }[] };
  return descriptors.map(({ entries }) => ({ actions: entries.map(actionOf) }));
}

function actionOf({ remoteAddress, genericKey, requestHeader, type, header, generic }: Entry): ConfigNode {
  const pair = genericKey ?? generic;
  if (pair !== undefined) return { generic_key: { descriptor_key: pair.key, descriptor_value: pair.value } };
  if (remoteAddress !== undefined || type === "RemoteAddress") return { remote_address: {} };
  const name = requestHeader?.headerName ?? header;
  if (name === undefined) throw new Error("an entry of a kind not known here");
  return { request_headers: { header_name: name, descriptor_key: requestHeader?.descriptorKey ?? name } };
}
