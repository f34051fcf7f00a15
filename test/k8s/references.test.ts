import { beforeAll, describe, expect, it } from "vitest";
import { readSettings } from "../../src/settings.js";
import {
  environmentOf,
  helmTemplate,
  KUSTOMIZATIONS,
  kustomize,
  only,
  type Resource,
  weirOf,
} from "../support/k8s/manifests.js";
import { PRODUCTION_VALUES } from "../support/k8s/production-values.js";
import { findBrokenReferences } from "../support/k8s/references.js";

const RENDERED: readonly (readonly [string, () => Promise<Resource[]>])[] = [
  ...KUSTOMIZATIONS.map((folder) => [`k8s/${folder}`, () => kustomize(folder)] as const),
  ["the chart", () => helmTemplate({})],
  [
    "the chart with a Redis, under another name",
    () => helmTemplate({ redis: { deploy: true }, fullnameOverride: "a" }),
  ],
  ["the chart with the values of production", () => helmTemplate(PRODUCTION_VALUES)],
];

describe.each(RENDERED)("%s", (_, render) => {
  let resources: Resource[];

  beforeAll(async () => {
    resources = await render();
  });

  it("refers only to what is there: pods, ports, Services, volumes, what is scaled", () => {
    expect(findBrokenReferences(resources)).toEqual([]);
  });

  it("tells meshes that its gRPC port speaks gRPC, or TLS where it does", () => {
    const { settings } = readSettings(environmentOf(weirOf(resources).container), []);
    const services = resources.filter(({ kind }) => kind === "Service");
    const ports = services.flatMap(({ spec }) => (spec as { ports: { name: string; appProtocol: string }[] }).ports);
    const spoken = ports.filter(({ name }) => name === "grpc").map(({ appProtocol }) => appProtocol);
    expect(new Set(spoken)).toEqual(
      new Set(spoken.length === 0 ? [] : [settings?.grpcTlsCert === "" ? "grpc" : "tls"]),
    );
  });
});

/** Values of a resource that may be changed. */
type Tree = { [key: string]: Tree };

/** Each is taken by the API, and is fatal. */
const FAULTS: readonly (readonly [string, string, string, (spec: Tree) => unknown])[] = [
  [
    "an autoscaler of what is not there",
    "HorizontalPodAutoscaler weir",
    "to scale",
    set("scaleTargetRef.name", "wier"),
  ],
  [
    "an autoscaler of another kind",
    "HorizontalPodAutoscaler weir",
    "to scale",
    set("scaleTargetRef.kind", "StatefulSet"),
  ],
  ["a budget for no pods", "PodDisruptionBudget weir", "of 0 Dep", set("selector.matchLabels", { app: "weir" })],
  ["a budget that holds up drains", "PodDisruptionBudget weir", "no node can be drained", set("maxUnavailable", 0)],
  ["a policy for no pods", "NetworkPolicy weir", "of 0 Dep", set("podSelector.matchLabels", { app: "weir" })],
  ["a policy for all pods", "NetworkPolicy weir", "of 0 Dep", set("podSelector", {})],
  ["a Service of no pods", "Service weir", "of 0 Dep", set("selector", { app: "weir" })],
  ["a Service to a port that is not open", "Service weir", "goes to rpc", set("ports.0.targetPort", "rpc")],
  ["a headless Service with an address", "Service weir-headless", "clusterIP", set("clusterIP", undefined)],
  ["a Service without an address", "Service weir", "clusterIP", set("clusterIP", "None")],
  ["a monitor of no Service", "ServiceMonitor weir", "0 Services", set("selector.matchLabels", { app: "weir" })],
  [
    "a monitor of both Services",
    "ServiceMonitor weir",
    "2 Services",
    set("selector.matchLabels", { "app.kubernetes.io/name": "weir" }),
  ],
  [
    "a monitor of a port that is not there",
    "ServiceMonitor weir",
    "no port metrics",
    set("endpoints.0.port", "metrics"),
  ],
  ["a job of another name", "ServiceMonitor weir", "not called weir", set("jobLabel", "app.kubernetes.io/component")],
  ["a selector that misses the pods", "Deployment weir", "own pods", set("selector.matchLabels", { app: "weir" })],
  [
    "a spread that counts other pods",
    "Deployment weir",
    "kubernetes.io/hostname",
    set("template.spec.topologySpreadConstraints.1.labelSelector.matchLabels", { app: "weir" }),
  ],
  [
    "an account that is not there",
    "Deployment weir",
    "no ServiceAccount",
    set("template.spec.serviceAccountName", "a"),
  ],
  [
    "rules that are not there",
    "Deployment weir",
    "no ConfigMap",
    set("template.spec.volumes.0.configMap.name", "rules"),
  ],
  [
    "a mount of no volume",
    "Deployment weir",
    "no volume",
    set("template.spec.containers.0.volumeMounts.0.name", "rule"),
  ],
  [
    "a probe of a port that is not open",
    "Deployment weir",
    "asks port 8082",
    set("template.spec.containers.0.readinessProbe.grpc.port", 8082),
  ],
];

/** Puts a value where `a.0.b` says. */
function set(path: string, value: unknown): (spec: Tree) => void {
  const keys = path.split(".");
  return (spec) => {
    const parent = keys.slice(0, -1).reduce<Tree | undefined>((tree, key) => tree?.[key], spec);
    if (parent === undefined) throw new Error(`there is no ${path}`);
    Object.assign(parent, { [keys.at(-1) ?? ""]: value });
  };
}

describe("the search for broken references", () => {
  let resources: Resource[];

  beforeAll(async () => {
    resources = await helmTemplate({ monitoring: { enabled: true } });
  });

  it.each(FAULTS)("finds %s", (_, place, words, change) => {
    const broken = structuredClone(resources);
    const [kind = "", name] = place.split(" ");
    change(only(broken, kind, name).spec as Tree);
    expect(findBrokenReferences(broken).join("\n")).toMatch(new RegExp(`^${place}: .*${words}`, "m"));
  });
});
