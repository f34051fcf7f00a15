import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readSettings } from "../../src/settings.js";
import { checkSchemas } from "../support/k8s/api-schemas.js";
import { runKubernetesTool } from "../support/k8s/kubernetes-tools.js";
import {
  environmentOf,
  helmTemplate,
  K8S,
  kustomize,
  only,
  type Resource,
  runHelmTemplate,
  weirOf,
} from "../support/k8s/manifests.js";
import { PRODUCTION_VALUES } from "../support/k8s/production-values.js";

const CHART = join(K8S, "chart");
const PACKAGE = resolve(import.meta.dirname, "../../package.json");

/**
 * Resources by kind and name, without what the two ways cannot have in common: Helm's namespace is that of the release, and
 * the order of what has names (environment, volumes) is no one's.
 */
function comparable(resources: readonly Resource[]): Record<string, unknown> {
  const own = resources.filter(({ kind }) => kind !== "Namespace");
  return Object.fromEntries(
    own.map((resource) => {
      const { namespace: _, ...metadata } = resource.metadata;
      return [`${resource.kind} ${metadata.name}`, sortNamed({ ...resource, metadata })];
    }),
  );
}

function sortNamed(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sortNamed);
    const hasNames = items.every((item) => typeof (item as { name?: unknown } | null)?.name === "string");
    return hasNames
      ? items.sort((a, b) => (a as { name: string }).name.localeCompare((b as { name: string }).name))
      : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, sortNamed(inside)]));
}

describe("the Helm chart", () => {
  it("has nothing that `helm lint --strict` finds, whatever is turned on", async () => {
    for (const values of [{}, PRODUCTION_VALUES, { redis: { deploy: true }, monitoring: { enabled: true } }]) {
      const args = ["lint", "--strict", CHART, "-f", "-"];
      const { exitCode, stdout } = await runKubernetesTool("helm", args, JSON.stringify(values));
      expect(stdout).toContain("1 chart(s) linted, 0 chart(s) failed");
      expect(exitCode).toBe(0);
    }
  });

  it.each([
    ["base", {}],
    ["overlays/try", { redis: { deploy: true } }],
    ["overlays/production", PRODUCTION_VALUES],
  ])("makes what k8s/%s makes", async (folder, values) => {
    expect(comparable(await helmTemplate(values))).toEqual(comparable(await kustomize(folder)));
  });

  it("is of Weir's version", () => {
    const { version } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { version: string };
    expect(parse(readFileSync(join(CHART, "Chart.yaml"), "utf8"))).toMatchObject({ version, appVersion: version });
  });

  it("describes every value in its schema, and no others", () => {
    const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as { properties: object };
    const values = parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as object;
    expect(Object.keys(schema.properties).filter((key) => key !== "global")).toEqual(Object.keys(values));
  });

  it("has every value in the table of docs/kubernetes.md", () => {
    const docs = readFileSync(resolve(import.meta.dirname, "../../docs/kubernetes.md"), "utf8");
    const cells =
      docs
        .split("\n| value | what |\n")[1]
        ?.split("\n\n")[0]
        ?.matchAll(/`([a-zA-Z.]+)`/g) ?? [];
    const named = [...cells].map(([, name = ""]) => name);
    const values = parse(readFileSync(join(CHART, "values.yaml"), "utf8")) as object;
    for (const name of Object.keys(values))
      expect(
        named.some((one) => one.split(".")[0] === name),
        name,
      ).toBe(true);
  });

  it("makes what the API takes and Weir reads with every value in use", async () => {
    const resources = await helmTemplate({
      ...PRODUCTION_VALUES,
      image: { tag: "1.2.3", pullPolicy: "Always", pullSecrets: [{ name: "registry" }] },
      fullnameOverride: "limits",
      settings: { WEIR_LOG_LEVEL: "debug", WEIR_GLOBAL_SHADOW: true, WEIR_MEMORY_MAX_BUCKETS: 5000 },
      tls: { secretName: "weir-tls", clientCertificates: true },
      networkPolicy: { extraEgress: [{ to: [{ podSelector: {} }], ports: [{ port: 4318, protocol: "TCP" }] }] },
      autoscaling: { enabled: false },
      replicas: 5,
      serviceAccount: { name: "another" },
      podAnnotations: { "example.com/team": "edge" },
      nodeSelector: { "kubernetes.io/arch": "amd64" },
      tolerations: [{ key: "edge", operator: "Exists" }],
      affinity: { nodeAffinity: {} },
      priorityClassName: "system-cluster-critical",
      extraVolumes: [{ name: "redis-ca", configMap: { name: "redis-ca" } }],
      extraVolumeMounts: [{ name: "redis-ca", mountPath: "/etc/weir/redis-ca" }],
    });
    expect((await checkSchemas("1.37.0", resources)).stdout).toContain("Invalid: 0, Errors: 0, Skipped: 0");
    const { container } = weirOf(resources);
    const { settings, errors } = readSettings(environmentOf(container), []);
    expect(errors).toBeUndefined();
    expect(settings).toMatchObject({ logLevel: "debug", globalShadow: true, memoryMaxBuckets: 5_000 });
    expect(only(resources, "Deployment", "limits").spec).toMatchObject({ replicas: 5 });
    expect((only(resources, "NetworkPolicy").spec as { egress: unknown[] }).egress).toHaveLength(3);
    expect(resources.map(({ kind }) => kind)).not.toContain("HorizontalPodAutoscaler");
    expect(resources.map(({ kind }) => kind)).not.toContain("ServiceAccount");
  });

  it("puts the labels by which a Prometheus picks on both the ServiceMonitor and the alerts", async () => {
    const resources = await helmTemplate({ monitoring: { enabled: true, labels: { release: "prometheus" } } });
    for (const kind of ["ServiceMonitor", "PrometheusRule"]) {
      expect(only(resources, kind).metadata.labels).toMatchObject({ release: "prometheus" });
    }
  });

  it("takes a ConfigMap that is there already in place of rules of its own", async () => {
    const resources = await helmTemplate({ rules: { configMap: "shared-rules" } });
    expect(resources.map(({ kind }) => kind)).not.toContain("ConfigMap");
    expect(weirOf(resources).pod.volumes?.[0]?.configMap?.name).toBe("shared-rules");
  });

  it.each([
    [{ redis: { ulr: "redis://redis" } }, "ulr"],
    [{ redis: { url: "redis://user:secret@redis" } }, "redis/url"],
    [{ settings: { LOG_LEVEL: "debug" } }, "LOG_LEVEL"],
    [{ settings: { WEIR_HEADERS: ["a"] } }, "settings/WEIR_HEADERS"],
    [{ rules: { files: { "shop.txt": "domain: shop" } } }, "shop.txt"],
    [{ rules: { files: { "shop.yaml": { domain: "shop" } } } }, "rules/files/shop.yaml"],
    [{ shutdown: { delay: 15 } }, "shutdown/delay"],
    [{ autoscaling: { minReplicas: 0 } }, "autoscaling/minReplicas"],
    [{ replicas: "3" }, "replicas"],
    [{ image: { pullPolicy: "Sometimes" } }, "image/pullPolicy"],
    [{ networkPolicy: { redis: [{ cidr: "10.0.0.0/8" }] } }, "networkPolicy/redis"],
    [{ networkPolicy: { clients: [] } }, "networkPolicy/clients"],
    [{ podDisruptionBudget: { maxUnavailable: 0 } }, "podDisruptionBudget/maxUnavailable"],
    [{ tls: { secretName: "Not A Name" } }, "tls/secretName"],
    [{ monitoring: { labels: { release: 1 } } }, "monitoring/labels/release"],
  ])("refuses %j and says where", async (values, place) => {
    const { exitCode, stderr } = await runHelmTemplate(values);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("values don't meet the specifications of the schema");
    expect(stderr).toContain(place);
  });
});
