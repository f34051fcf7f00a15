import { BlockList, isIPv6 } from "node:net";
import type { Labels, Resource } from "./manifests.js";

/** A pod, or an address outside of the cluster. */
export type Peer =
  | { readonly namespace: string; readonly namespaceLabels?: Labels; readonly labels: Labels }
  | { readonly address: string };

export interface Connection {
  readonly from: Peer;
  readonly to: Peer;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

type Direction = "Ingress" | "Egress";

interface Selector {
  readonly matchLabels?: Labels;
}
interface PeerRule {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Rule {
  readonly ports?: readonly { readonly port?: number; readonly protocol?: string }[];
  readonly from?: readonly PeerRule[];
  readonly to?: readonly PeerRule[];
}
interface PolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes?: readonly Direction[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/** Where resources go that name no namespace. */
export const DEFAULT_NAMESPACE = "default";

/**
 * Whether a cluster whose network plugin enforces these NetworkPolicies lets the connection through: out of the one end and
 * into the other. Written from the documentation of the API, as far as k8s/ uses it.
 * @throws Error for what it does not know, such as matchExpressions and named ports
 */
export function isAllowed(resources: readonly Resource[], connection: Connection): boolean {
  const policies = resources.filter(({ kind }) => kind === "NetworkPolicy");
  return passes(policies, "Egress", connection) && passes(policies, "Ingress", connection);
}

/** A pod that no policy of this direction selects is open; else what any of them allows is allowed. */
function passes(policies: readonly Resource[], direction: Direction, connection: Connection): boolean {
  const [self, other] = direction === "Egress" ? [connection.from, connection.to] : [connection.to, connection.from];
  if ("address" in self) return true;
  const isolating = policies.filter((policy) => selects(policy, self) && typesOf(policy).includes(direction));
  return isolating.length === 0 || isolating.some((policy) => permits(policy, direction, other, connection));
}

const specOf = ({ spec }: Resource): PolicySpec => spec as PolicySpec;
const namespaceOf = ({ metadata }: Resource): string => metadata.namespace ?? DEFAULT_NAMESPACE;

function selects(policy: Resource, pod: Exclude<Peer, { address: string }>): boolean {
  return namespaceOf(policy) === pod.namespace && matches(specOf(policy).podSelector, pod.labels);
}

/** Those that are named; else Ingress, and Egress where there are rules for it. */
function typesOf(policy: Resource): readonly Direction[] {
  const { policyTypes, egress } = specOf(policy);
  return policyTypes ?? (egress === undefined ? ["Ingress"] : ["Ingress", "Egress"]);
}

function permits(policy: Resource, direction: Direction, other: Peer, { port, protocol }: Connection): boolean {
  const { ingress = [], egress = [] } = specOf(policy);
  return (direction === "Egress" ? egress : ingress).some((rule) => {
    checkKeys(rule, ["ports", direction === "Egress" ? "to" : "from"]);
    const peers = direction === "Egress" ? rule.to : rule.from;
    return hasPort(rule, port, protocol) && (isEmpty(peers) || peers.some((peer) => isPeer(peer, other, policy)));
  });
}

/** No list and an empty one both mean: all. */
const isEmpty = (list: readonly unknown[] | undefined): list is undefined => list === undefined || list.length === 0;

function hasPort({ ports }: Rule, port: number, protocol: string): boolean {
  if (isEmpty(ports)) return true;
  return ports.some((one) => {
    checkKeys(one, ["port", "protocol"]);
    if (typeof one.port === "string") throw new Error(`a named port: ${one.port}`);
    return (one.port === undefined || one.port === port) && (one.protocol ?? "TCP") === protocol;
  });
}

function isPeer(rule: PeerRule, peer: Peer, policy: Resource): boolean {
  checkKeys(rule, ["podSelector", "namespaceSelector", "ipBlock"]);
  if (rule.ipBlock !== undefined) return "address" in peer && isInBlock(rule.ipBlock, peer.address);
  if ("address" in peer) return false;
  const labels = { "kubernetes.io/metadata.name": peer.namespace, ...peer.namespaceLabels };
  const inNamespace =
    rule.namespaceSelector === undefined
      ? peer.namespace === namespaceOf(policy)
      : matches(rule.namespaceSelector, labels);
  return inNamespace && matches(rule.podSelector ?? {}, peer.labels);
}

function isInBlock({ cidr, except = [] }: NonNullable<PeerRule["ipBlock"]>, address: string): boolean {
  const isIn = (block: string): boolean => {
    const [network = "", bits] = block.split("/");
    const list = new BlockList();
    list.addSubnet(network, Number(bits), isIPv6(network) ? "ipv6" : "ipv4");
    return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  };
  return isIn(cidr) && !except.some(isIn);
}

/** An empty selector matches everything. */
function matches(selector: Selector, labels: Labels): boolean {
  checkKeys(selector, ["matchLabels"]);
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

function checkKeys(value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw new Error(`not evaluated here: ${unknown.join(", ")}`);
}
