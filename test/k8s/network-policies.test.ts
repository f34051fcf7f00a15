import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type DeploymentSpec, helmTemplate, K8S, kustomize, only, type Resource } from "../support/k8s/manifests.js";
import { type Connection, DEFAULT_NAMESPACE, isAllowed, type Peer } from "../support/k8s/network-policy.js";
import { PRODUCTION_VALUES } from "../support/k8s/production-values.js";

/** The pods of a Deployment, as one end of a connection. */
function podsOf(resources: readonly Resource[], name: string): Peer {
  const { spec, metadata } = only(resources, "Deployment", name);
  const { labels } = (spec as DeploymentSpec).template.metadata;
  return { namespace: metadata.namespace ?? DEFAULT_NAMESPACE, labels };
}

/** Who there is around Weir. */
const others = (namespace: string): Readonly<Record<string, Peer>> => ({
  neighbour: { namespace, labels: { app: "envoy" } },
  gateway: { namespace: "edge", labels: { app: "envoy" } },
  client: { namespace: "edge", namespaceLabels: { "weir-client": "true" }, labels: { app: "envoy" } },
  prometheus: { namespace: "monitoring", labels: { app: "prometheus" } },
  dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
  redis: { namespace: "databases", labels: { "app.kubernetes.io/name": "redis" } },
  "10.20.3.4": { address: "10.20.3.4" },
  "10.21.3.4": { address: "10.21.3.4" },
});

const PORTS = [53, 443, 4318, 5353, 6070, 6379, 6380, 8080, 8081, 9901, 10_000, 18_001, 26_379];

type Pairs = readonly (readonly [string, Omit<Connection, "port" | "protocol">])[];

/** All that is let through, such as `client:8081`; `/udp` is said. */
function allowed(resources: readonly Resource[], pairs: Pairs): string[] {
  return pairs.flatMap(([name, ends]) =>
    PORTS.flatMap((port) => [
      ...(isAllowed(resources, { ...ends, port, protocol: "TCP" }) ? [`${name}:${port}`] : []),
      ...(isAllowed(resources, { ...ends, port, protocol: "UDP" }) ? [`${name}:${port}/udp`] : []),
    ]),
  );
}

function around(resources: readonly Resource[], name: string): { into: string[]; out: string[] } {
  const pods = podsOf(resources, name);
  const peers = Object.entries(others("namespace" in pods ? pods.namespace : ""));
  return {
    into: allowed(
      resources,
      peers.map(([other, from]) => [other, { from, to: pods }]),
    ),
    out: allowed(
      resources,
      peers.map(([other, to]) => [other, { from: pods, to }]),
    ),
  };
}

const INTO_WEIR = ["neighbour:8081", "client:8081", "prometheus:8080"];
const DNS = ["dns:53", "dns:53/udp"];

describe.each([
  ["k8s/base", () => kustomize("base")],
  ["k8s/overlays/try", () => kustomize("overlays/try")],
  ["the chart", () => helmTemplate({})],
  ["the chart with a Redis", () => helmTemplate({ redis: { deploy: true } })],
])("the network policies of %s", (_, render) => {
  it("let in calls from the namespace and from those with the label, scrapes from Prometheus, and nothing else", async () => {
    expect(around(await render(), "weir").into).toEqual(INTO_WEIR);
  });

  it("let Weir out to DNS and to pods that are a Redis, and nowhere else", async () => {
    expect(around(await render(), "weir").out).toEqual([...DNS, "redis:6379"]);
  });
});

describe.each([
  ["k8s/overlays/try", () => kustomize("overlays/try")],
  ["the chart", () => helmTemplate({ redis: { deploy: true } })],
])("the Redis for trying out, of %s", (_, render) => {
  it("is for Weir only, and goes nowhere", async () => {
    const resources = await render();
    const ends = { from: podsOf(resources, "weir"), to: podsOf(resources, "weir-redis") };
    expect(allowed(resources, [["weir", ends]])).toEqual(["weir:6379"]);
    expect(around(resources, "weir-redis")).toEqual({ into: [], out: [] });
  });
});

describe.each([
  ["k8s/overlays/production", () => kustomize("overlays/production")],
  ["the chart with its values", () => helmTemplate(PRODUCTION_VALUES)],
])("the network policy of %s", (_, render) => {
  it("lets Weir out to the Redis outside of the cluster in place of one inside", async () => {
    expect(around(await render(), "weir")).toEqual({ into: INTO_WEIR, out: [...DNS, "10.20.3.4:6380"] });
  });
});

describe("the network policy of k8s/overlays/sidecar", () => {
  it("lets everyone send requests, and nobody but Prometheus to Weir's HTTP port", async () => {
    const { into } = around(await kustomize("overlays/sidecar"), "gateway");
    const everyone = Object.keys(others("")).map((name) => `${name}:10000`);
    expect(into.sort()).toEqual([...everyone, "prometheus:8080"].sort());
  });

  it("lets the gateway go to whatever its routes name", async () => {
    const { out } = around(await kustomize("overlays/sidecar"), "gateway");
    expect(out).toHaveLength(Object.keys(others("")).length * PORTS.length * 2);
  });
});

describe("the patch in docs/kubernetes.md", () => {
  const patched = { ...others("default"), dns: { namespace: "openshift-dns", labels: {} } };
  const more: Readonly<Record<string, Peer>> = {
    "control plane": { namespace: "envoy-gateway-system", labels: {} },
    collector: { namespace: "tracing", labels: {} },
  };

  it("lets Weir out to Sentinels, to DNS of OpenShift, to a control plane and to a collector of traces", async () => {
    const docs = await readFile(resolve(K8S, "../docs/kubernetes.md"), "utf8");
    const [, patch = ""] = /^```yaml\n(# network-policy\.yaml\..*?)^```/ms.exec(docs) ?? [];
    const folder = await mkdtemp(join(tmpdir(), "weir-patch-"));
    try {
      const patches = [{ path: "network-policy.yaml", target: { kind: "NetworkPolicy", name: "weir" } }];
      await writeFile(join(folder, "network-policy.yaml"), patch);
      const resources = [relative(folder, join(K8S, "base"))];
      await writeFile(join(folder, "kustomization.yaml"), JSON.stringify({ resources, patches }));
      const rendered = await kustomize(folder);
      const from = podsOf(rendered, "weir");
      const pairs = Object.entries({ ...patched, ...more }).map(([name, to]) => [name, { from, to }] as const);
      expect(allowed(rendered, pairs)).toEqual([
        "dns:5353",
        "dns:5353/udp",
        "redis:6379",
        "redis:26379",
        "control plane:18001",
        "collector:4318",
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the network policy of the chart", () => {
  it("has more ports for DNS and Redis, and more rules for the way out, where values say so", async () => {
    const extraEgress = [
      {
        to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "edge" } } }],
        ports: [{ port: 4318 }],
      },
    ];
    const networkPolicy = { dnsPorts: [53, 5353], redisPorts: [6379, 26379], extraEgress };
    const { into, out } = around(await helmTemplate({ networkPolicy }), "weir");
    expect(into).toEqual(INTO_WEIR);
    const dns = [...DNS, "dns:5353", "dns:5353/udp"];
    expect(out).toEqual(["gateway:4318", "client:4318", ...dns, "redis:6379", "redis:26379"]);
  });

  it("is not there when it is turned off", async () => {
    const { into, out } = around(await helmTemplate({ networkPolicy: { enabled: false } }), "weir");
    expect(new Set([into.length, out.length])).toEqual(new Set([Object.keys(others("")).length * PORTS.length * 2]));
  });
});

describe("the evaluator of these tests", () => {
  const spec = { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] };
  const policy = (change: object): Resource[] => [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "any" },
      spec: { ...spec, ...change },
    },
  ];
  const pod = (namespace: string): Peer => ({ namespace, labels: {} });
  const reaches = (from: string, to: string, change: object = {}): boolean =>
    isAllowed(policy(change), { from: pod(from), to: pod(to), port: 1, protocol: "TCP" });

  it("takes a pod selector alone for one of the policy's own namespace", () => {
    expect(reaches("default", "default")).toBe(true);
    expect(reaches("other", "default")).toBe(false);
    expect(reaches("other", "another")).toBe(true);
  });

  it("takes policyTypes for what it says, and without it looks for egress rules", () => {
    expect(reaches("default", "other")).toBe(true);
    expect(reaches("default", "other", { policyTypes: ["Egress"] })).toBe(false);
    expect(reaches("other", "default", { policyTypes: ["Egress"] })).toBe(true);
    expect(reaches("default", "other", { egress: [] })).toBe(false);
    expect(reaches("default", "other", { egress: [{}] })).toBe(true);
  });

  it("leaves out what an address block excepts", () => {
    const egress = [{ to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.20.0.0/16"] } }] }];
    const to = (address: string): boolean =>
      isAllowed(policy({ egress }), { from: pod("default"), to: { address }, port: 1, protocol: "TCP" });
    expect([to("10.1.2.3"), to("10.20.3.4"), to("11.1.2.3"), to("::1")]).toEqual([true, false, false, false]);
  });

  it("refuses to guess", () => {
    const selector = { matchExpressions: [{ key: "app", operator: "Exists" }] };
    expect(() => reaches("default", "default", { podSelector: selector })).toThrow("matchExpressions");
    expect(() => reaches("default", "default", { ingress: [{ ports: [{ port: "grpc" }] }] })).toThrow("named port");
  });
});
