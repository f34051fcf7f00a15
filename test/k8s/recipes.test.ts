import { beforeAll, describe, expect, it } from "vitest";
import { contourSettings } from "../support/envoy-recipe-policies.js";
import {
  kubernetesRecipes,
  parseResources,
  type RecipeResource,
  readRecipe,
  readResources,
} from "../support/envoy-recipe-resources.js";
import { checkSchemas, KUBERNETES_VERSIONS } from "../support/k8s/api-schemas.js";
import { kustomize, type Labels, only, type Resource } from "../support/k8s/manifests.js";

// What users of gateways apply to a cluster, held to the definitions of those gateways and to the manifests of Weir that it
// goes with. What it does then is tested in test/envoy/recipes-gateways.test.ts.

/** Envoy Gateway's own configuration is no resource: there is no definition of it. */
const NO_RESOURCE = "envoy-gateway/envoy-gateway.yaml";

/** The recipes that ask a Weir of k8s/, and the namespace in which the proxies run that ask. */
const PROXIES: Readonly<Record<string, string>> = {
  "contour/contour.yaml": "projectcontour",
  "envoy-gateway/patch.yaml": "envoy-gateway-system",
  "istio/gateway.yaml": "istio-system",
  "istio/sidecar.yaml": "shop",
  "kgateway/kgateway.yaml": "kgateway-system",
};

/** What kubeconform counts in these resources. */
async function counted(resources: readonly RecipeResource[]): Promise<string> {
  const { stdout, stderr } = await checkSchemas(KUBERNETES_VERSIONS[1], resources.flatMap(withSettings));
  return `${stderr}${stdout}`;
}

/**
 * Contour's ConfigMap has the settings of a ContourConfiguration, under the same names but for that of the extension service:
 * with it goes that resource, since the ConfigMap may hold anything.
 */
function withSettings(resource: RecipeResource): RecipeResource[] {
  if (resource.kind !== "ConfigMap") return [resource];
  const { extensionService, ...settings } = contourSettings(resource);
  const [namespace, name] = extensionService.split("/");
  const configuration = {
    apiVersion: "projectcontour.io/v1alpha1",
    kind: "ContourConfiguration",
    metadata: resource.metadata,
    spec: { rateLimitService: { ...settings, extensionService: { namespace, name } } },
  };
  return [resource, configuration];
}

describe.each(kubernetesRecipes().filter((file) => file !== NO_RESOURCE))("envoy/%s", (file) => {
  it("is what the gateway's definitions take", async () => {
    const resources = readResources(file).flatMap(withSettings);
    expect(await counted(readResources(file))).toContain(
      `Valid: ${resources.length}, Invalid: 0, Errors: 0, Skipped: 0`,
    );
  });
});

describe("the recipes that ask a Weir of k8s/", () => {
  let weir: Resource[];

  beforeAll(async () => {
    weir = await kustomize("overlays/production");
  });

  /** A Service of Weir's as its clients name it: its namespace, and the port for gRPC. */
  function serviceOf(name: string): { namespace: string | undefined; port: number | undefined } {
    const { metadata, spec } = only(weir, "Service", name);
    const { ports } = spec as { ports: readonly { name: string; port: number }[] };
    return { namespace: metadata.namespace, port: ports.find((one) => one.name === "grpc")?.port };
  }

  it("are all those that name its namespace", () => {
    const asking = kubernetesRecipes().filter((file) => /\.weir\.svc|namespace: weir\b/.test(readRecipe(file)));
    expect(asking).toEqual(Object.keys(PROXIES));
  });

  it.each(Object.entries(PROXIES))("envoy/%s has the command that lets the proxies of %s in", (file, namespace) => {
    const { ingress } = only(weir, "NetworkPolicy", "weir").spec as {
      ingress: { ports: { port: number }[]; from: { namespaceSelector?: { matchLabels: Labels } }[] }[];
    };
    const [grpc] = ingress.filter(({ ports }) => ports.some(({ port }) => port === serviceOf("weir").port));
    const [label, ...more] = grpc!.from.flatMap(({ namespaceSelector }) =>
      Object.entries(namespaceSelector?.matchLabels ?? {}),
    );
    expect(more).toEqual([]);
    const [head = ""] = readRecipe(file).split(/^apiVersion:/m);
    expect(head).toMatch(new RegExp(`^# {3}kubectl label namespace ${namespace} ${label!.join("=")}( |$)`, "m"));
  });

  it("envoy/istio names the cluster of its Service, and filters where the proxies are", () => {
    const { namespace, port } = serviceOf("weir");
    for (const file of ["istio/gateway.yaml", "istio/sidecar.yaml"]) {
      const clusters = [...readRecipe(file).matchAll(/cluster_name: ([^ ]+)/g)].map(([, name]) => name);
      expect(clusters).toEqual([`outbound|${port}||weir.${namespace}.svc.cluster.local`]);
      for (const { metadata } of readResources(file)) expect(metadata.namespace).toBe(PROXIES[file]);
    }
  });

  it("envoy/contour names its Service, and Contour's settings are in Contour's namespace", () => {
    const [extension, configMap] = readResources("contour/contour.yaml");
    const { namespace, port } = serviceOf("weir");
    expect(extension?.metadata.namespace).toBe(namespace);
    expect(extension?.spec.services).toEqual([{ name: "weir", port }]);
    expect(configMap?.metadata).toEqual({ name: "contour", namespace: PROXIES["contour/contour.yaml"] });
  });

  it("envoy/kgateway names its Service", () => {
    const [extension, , backend] = readResources("kgateway/kgateway.yaml");
    const { namespace, port } = serviceOf("weir");
    expect(extension?.metadata.namespace).toBe(namespace);
    expect(extension?.spec.rateLimit).toMatchObject({ grpcService: { backendRef: { name: "weir", port } } });
    expect(backend?.metadata.namespace).toBe(namespace);
    expect(backend?.spec.targetRefs).toEqual([{ group: "", kind: "Service", name: "weir" }]);
  });

  it("envoy/envoy-gateway/patch.yaml names its headless Service", () => {
    const { namespace, port } = serviceOf("weir-headless");
    const addresses = [...readRecipe("envoy-gateway/patch.yaml").matchAll(/socket_address: (.*) }$/gm)];
    expect(addresses.map(([, address]) => address)).toEqual([
      `{ address: weir-headless.${namespace}.svc.cluster.local, port_value: ${port}`,
    ]);
  });
});

describe("the check of definitions", () => {
  it.each([
    ["kgateway/kgateway.yaml", "kind: TrafficPolicy", "kind: TraficPolicy", "schema for TraficPolicy"],
    [
      "kgateway/kgateway.yaml",
      "kind: BackendConfigPolicy",
      "kind: BackendConfgPolicy",
      "schema for BackendConfgPolicy",
    ],
    ["kgateway/kgateway.yaml", "gateway.kgateway.dev/", "gateway.kgatway.dev/", "schema for GatewayExtension"],
    ["kgateway/kgateway.yaml", "circuitBreakers:", "circuitBrakers:", "properties 'circuitBrakers' not allowed"],
    ["kgateway/kgateway.yaml", "xRateLimitHeaders:", "xRatelimitHeader:", "properties 'xRatelimitHeader' not allowed"],
    ["contour/contour.yaml", "protocol:", "protcol:", "properties 'protcol' not allowed"],
    ["contour/contour.yaml", "circuitBreakerPolicy:", "circuitBrakerPolicy:", "'circuitBrakerPolicy' not allowed"],
    ["istio/sidecar.yaml", "workloadSelector:", "workloadSelecter:", "properties 'workloadSelecter' not allowed"],
    ["istio/gateway.yaml", "context: GATEWAY", "context: GATWAY", "/context"],
  ])("finds a slip of the pen in envoy/%s: %s", async (file, written, slip, complaint) => {
    const text = readRecipe(file);
    expect(text).toContain(written);
    expect(await counted(parseResources(text.replace(written, slip)))).toContain(complaint);
  });

  it("finds one in the settings that Contour reads out of its ConfigMap", () => {
    const text = readRecipe("contour/contour.yaml");
    const [, configMap] = parseResources(text.replace("enableXRateLimitHeaders:", "enableXHeaders:"));
    expect(() => contourSettings(configMap!)).toThrow("enableXHeaders");
  });
});
