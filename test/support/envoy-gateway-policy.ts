import type { ConfigNode } from "./envoy-bare-gateway.js";
import { expectSame, type RecipeResource, understood } from "./envoy-recipe-resources.js";
import type { ConfigObject } from "./xds-messages.js";

// What Envoy Gateway 1.9 makes of a BackendTrafficPolicy of type Global, for the few selectors that envoy/envoy-gateway/
// uses: rate limits for each route of its Envoy, and rules for the rate limit service.

interface Selector {
  readonly headers?: readonly { readonly type: string; readonly name: string }[];
  readonly path?: { readonly type: string; readonly value: string };
  readonly sourceCIDR?: { readonly type: string; readonly value: string };
}

interface Rule {
  readonly clientSelectors: readonly Selector[];
  readonly limit: { readonly requests: number; readonly unit: string };
}

interface Spec {
  readonly targetRefs: readonly object[];
  readonly rateLimit: { readonly type: string; readonly global: { readonly rules: readonly Rule[] } };
}

/** One entry of a descriptor: by which action Envoy makes it, and which rule meets it. */
interface Entry {
  readonly action: ConfigNode;
  readonly key: string;
  readonly value?: string;
}

/** @throws Error where the policy has what is not known here */
export function translatePolicy({ spec }: RecipeResource, domain: string, routes: readonly string[]) {
  const chains = rulesOf(spec as unknown as Spec, domain).map((rule, index) => {
    const { clientSelectors, limit } = understood(rule, "clientSelectors", "limit");
    const { requests, unit } = understood(limit, "requests", "unit");
    return {
      entries: clientSelectors.flatMap((selector) => entriesOf(selector, index)),
      rate_limit: { requests_per_unit: requests, unit: unit.toUpperCase() },
    };
  });
  const config: ConfigObject = {
    name: domain,
    domain,
    descriptors: routes.map((route) => ({
      ...{ key: route, value: route },
      descriptors: chains.map(({ entries, rate_limit }) => nested(entries, rate_limit)),
    })),
  };
  const rateLimitsOf = (route: string): ConfigNode[] =>
    chains.map(({ entries }) => ({ actions: [constant(route).action, ...entries.map(({ action }) => action)] }));
  return { config, rateLimitsOf };
}

/** @param domain namespace/gateway/listener, of the Gateway that the policy must be for */
function rulesOf(spec: Spec, domain: string): readonly Rule[] {
  const { targetRefs, rateLimit } = understood(spec, "targetRefs", "rateLimit");
  const [, name] = domain.split("/");
  expectSame("targetRefs", targetRefs, [{ group: "gateway.networking.k8s.io", kind: "Gateway", name }]);
  const { type, global } = understood(rateLimit, "type", "global");
  expectSame("type", type, "Global");
  return understood(global, "rules").rules;
}

/** Headers come first, then the path, then the address. */
function entriesOf(selector: Selector, rule: number): Entry[] {
  const { headers = [], path, sourceCIDR } = understood(selector, "headers", "path", "sourceCIDR");
  const entries = headers.map((header, index): Entry => {
    const { type, name } = understood(header, "type", "name");
    if (type !== "Distinct") throw new Error(`not known here: ${type}`);
    const key = `rule-${rule}-match-${index}`;
    return { key, action: { request_headers: { header_name: name, descriptor_key: key } } };
  });
  if (path !== undefined) {
    const { type, value } = understood(path, "type", "value");
    entries.push(pathEntry(type, value, `rule-${rule}-path`));
  }
  if (sourceCIDR === undefined) return entries;
  const { type, value } = understood(sourceCIDR, "type", "value");
  return [...entries, ...addressEntries(type, value)];
}

function constant(name: string): Entry {
  return { key: name, value: name, action: { generic_key: { descriptor_key: name, descriptor_value: name } } };
}

function pathEntry(type: string, exact: string, name: string): Entry {
  if (type !== "Exact") throw new Error(`not known here: ${type}`);
  const headers = [{ name: ":path", string_match: { exact } }];
  const match = { descriptor_key: name, descriptor_value: name, expect_match: true, headers };
  return { key: name, value: name, action: { header_value_match: match } };
}

function addressEntries(type: string, cidr: string): Entry[] {
  if (type !== "Distinct") throw new Error(`not known here: ${type}`);
  const [address_prefix, prefix_len] = cidr.split("/");
  const address_matcher = { ranges: [{ address_prefix, prefix_len: Number(prefix_len) }] };
  const entry = (key: string, descriptor_value: string): ConfigNode => ({
    remote_address_match: { address_matcher, descriptor_key: key, descriptor_value },
  });
  return [
    { key: "masked_remote_address", value: cidr, action: entry("masked_remote_address", cidr) },
    { key: "remote_address", action: entry("remote_address", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%") },
  ];
}

/** Each descriptor in the one before it; the limit is the last one's. */
function nested(entries: readonly Entry[], rate_limit: object): object {
  const [first, ...rest] = entries;
  if (first === undefined) throw new Error("a rule without a selector is not known here");
  const { key, value = "" } = first;
  return rest.length === 0 ? { key, value, rate_limit } : { key, value, descriptors: [nested(rest, rate_limit)] };
}
