import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { newClient } from "../support/clients.js";
import { ControlPlane } from "../support/control-plane.js";
import { type Envoy, replaceIn, SHIPPED_CONFIGS, startEnvoyWith, validatedByEnvoy } from "../support/envoy.js";
import { type BareGateway, bareGateway, configurationOf, weirCluster } from "../support/envoy-bare-gateway.js";
import { translatePolicy } from "../support/envoy-gateway-policy.js";
import { applyEnvoyFilters, applyPatchPolicy, type IstioProxy } from "../support/envoy-recipe-patches.js";
import { applyContour, applyKgateway, contourPaths } from "../support/envoy-recipe-policies.js";
import { readRecipe, readResources } from "../support/envoy-recipe-resources.js";
import { type HttpOptions, http } from "../support/http-client.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// The resources in envoy/ for gateways, each applied to the bare configuration of an Envoy, in front of a real Weir with the
// rules beside them.

const ISTIO_CLUSTER = "outbound|8081||weir.weir.svc.cluster.local";

let running: { weir: WeirProcess; envoy: Envoy } | undefined;

afterEach(async () => {
  await running?.envoy.stop();
  await running?.weir.stop();
  running = undefined;
});

/**
 * Weir with the recipe's rules, and Envoy with what `apply` makes of the bare gateway. Both stop after the test.
 * @param env more settings of Weir
 */
async function run(
  recipe: string,
  gateway: BareGateway,
  apply: (weirPort: number) => string,
  env: Readonly<Record<string, string>> = {},
): Promise<Envoy> {
  const weir = await startWeir({ rules: resolve(SHIPPED_CONFIGS, recipe, "rules.yaml"), env });
  const configuration = apply(weir.grpcPort);
  expect(validated(configuration)).toMatch(/OK$/);
  // A machine that stalls for 20 ms would let requests through.
  const patient = replaceIn(configuration, '"timeout":"0.02s"', '"timeout":"5s"');
  const envoy = await startEnvoyWith(patient, gateway.front, gateway.admin);
  running = { weir, envoy };
  return envoy;
}

function validated(configuration: string): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-recipe-"));
  try {
    const file = join(folder, "envoy.yaml");
    writeFileSync(file, configuration);
    return validatedByEnvoy(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The statuses of so many requests, one after the other, of one client unless it is told who. */
async function statuses(envoy: Envoy, count: number, path: string, options: HttpOptions = {}): Promise<number[]> {
  const from = newClient();
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await envoy.get(path, { from, ...options })).status);
  // What was let through was let through by Weir.
  expect(await envoy.stat("cluster.services.ratelimit.failure_mode_allowed")).toBe(0);
  return all;
}

/** Sees that Envoy asks Weir about as many requests at once as the recipes say, beyond its default of 1024. */
async function expectCallsAtOnce(envoy: Envoy, cluster: string, calls: number): Promise<void> {
  const page = (await http(`${envoy.adminUrl}/clusters`)).body;
  expect(page).toContain(`${cluster}::default_priority::max_requests::${calls}\n`);
  expect(page).toContain(`${cluster}::default_priority::max_pending_requests::${calls}\n`);
}

/** Sees that answers tell what is left of the limit. */
async function expectRemaining(envoy: Envoy): Promise<void> {
  expect((await envoy.get("/", { from: newClient() })).headers["x-ratelimit-remaining"]).toMatch(/^\d+$/);
}

/** Sees that a client has 20 requests at once and so many a second: 10 in the rules of most gateways. */
async function expectClientLimit(envoy: Envoy, perSecond = 10): Promise<void> {
  const from = newClient();
  const asked = performance.now();
  const answers = await Promise.all(Array.from({ length: 80 }, () => envoy.get("/", { from })));
  const admitted = answers.filter(({ status }) => status === 200).length;
  expect(admitted).toBeGreaterThanOrEqual(20);
  expect(admitted).toBeLessThanOrEqual(20 + ((performance.now() - asked) / 1_000) * perSecond);
}

describe("the rules of every recipe", () => {
  const recipes = readdirSync(SHIPPED_CONFIGS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  // envoy/tls goes with config/rules.
  const names = recipes.map(({ name }) => name).filter((name) => name !== "tls");

  it.each(names)("%s: are without a fault and without a warning", (name) => {
    const weir = resolve(SHIPPED_CONFIGS, "../dist/main.js");
    const rules = resolve(SHIPPED_CONFIGS, name, "rules.yaml");
    // Throws with the faults, where there are any.
    const output = execFileSync(process.execPath, [weir, "validate", rules], { encoding: "utf8" });
    expect(output).toMatch(/^fine: 1 file, 1 domain, \d+ rules\n$/);
  });
});

describe("Istio", () => {
  function runIstio(file: string, gateway: BareGateway, proxy: IstioProxy): Promise<Envoy> {
    return run("istio", gateway, (port) => {
      gateway.clusters.push(weirCluster(ISTIO_CLUSTER, port));
      applyEnvoyFilters(gateway, readResources(file), proxy);
      return configurationOf(gateway);
    });
  }

  it("at a gateway limits clients on every route, and logins on the route that is named", async () => {
    const gateway = await bareGateway("shop.example.com:80", { login: "/login", rest: "/" });
    const envoy = await runIstio("istio/gateway.yaml", gateway, {
      namespace: "istio-system",
      labels: { istio: "ingressgateway" },
      context: "GATEWAY",
    });
    expect(await statuses(envoy, 4, "/login")).toEqual([200, 200, 429, 429]);
    await expectClientLimit(envoy);
    await expectRemaining(envoy);
  });

  it("at a sidecar limits each tenant of the service, and leaves requests of no tenant alone", async () => {
    // Istio names the virtual host after the Service's port, and only the cluster after the container's.
    const [, written = ""] = /^ *# +ports: (.*)$/m.exec(readRecipe("istio/sidecar.yaml")) ?? [];
    const [{ port, targetPort }] = parse(written) as [{ port: number; targetPort: number }];
    expect(port).not.toBe(targetPort);
    const gateway = await bareGateway(`inbound|http|${port}`, { default: "/" });
    const envoy = await runIstio("istio/sidecar.yaml", gateway, {
      namespace: "shop",
      labels: { app: "orders" },
      context: "SIDECAR_INBOUND",
    });
    const acme = { headers: { "x-tenant": "acme" } };
    expect(await statuses(envoy, 7, "/orders", acme)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(await statuses(envoy, 7, "/orders")).not.toContain(429);
    expect(await statuses(envoy, 1, "/orders", { headers: { "x-tenant": "other" } })).toEqual([200]);
  });
});

describe("Envoy Gateway", () => {
  it("limits each API key and each client, by the patches alone", async () => {
    const gateway = await bareGateway("default/eg/http/*", { shop: "/" });
    const envoy = await run("envoy-gateway", gateway, (port) => {
      for (const policy of readResources("envoy-gateway/patch.yaml"))
        applyPatchPolicy(gateway, policy, "default/eg/http");
      return replaceIn(
        configurationOf(gateway),
        '"address":"weir-headless.weir.svc.cluster.local","port_value":8081',
        `"address":"127.0.0.1","port_value":${port}`,
      );
    });
    expect(await statuses(envoy, 5, "/", { headers: { "x-api-key": "k1" } })).toEqual([200, 200, 200, 429, 429]);
    expect(await statuses(envoy, 5, "/")).toEqual([200, 200, 200, 200, 200]);
    await expectClientLimit(envoy);
    await expectRemaining(envoy);
    await expectCallsAtOnce(envoy, "weir", 10_000);
  });
});

describe("Envoy Gateway with Weir in the place of its rate limit image", () => {
  it("limits clients, API keys and logins by a BackendTrafficPolicy alone, whose rules come over xDS", async () => {
    const [policy] = readResources("envoy-gateway/policy.yaml");
    const gateway = await bareGateway("default/eg/http/*", { "httproute/default/shop/rule/0": "/" });
    const routes = gateway.routes.virtual_hosts[0]!.routes;
    const names = routes.map(({ name }) => name);
    const { config, rateLimitsOf: limitsOf } = translatePolicy(policy!, "default/eg/http", names);
    const plane = await ControlPlane.start();
    plane.set(config);
    try {
      const apply = (port: number): string => {
        gateway.clusters.push(weirCluster("weir", port));
        gateway.httpFilters.unshift({
          name: "envoy.filters.http.ratelimit",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
            domain: config.domain,
            timeout: "0.02s",
            rate_limit_service: {
              transport_api_version: "V3",
              grpc_service: { envoy_grpc: { cluster_name: "weir" } },
            },
          },
        });
        for (const route of routes) {
          route.typed_per_filter_config = {
            "envoy.filters.http.ratelimit": {
              "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute",
              ...{ domain: config.domain, rate_limits: limitsOf(route.name) },
            },
          };
        }
        return configurationOf(gateway);
      };
      const xds = { WEIR_RULES_FROM: "xds", WEIR_XDS_SERVER: plane.address };
      const envoy = await run("envoy-gateway", gateway, apply, xds);
      expect(plane.requests.at(-1)).toMatchObject({ version_info: "1", error_detail: null });
      expect(await statuses(envoy, 4, "/login")).toEqual([200, 200, 429, 429]);
      expect(await statuses(envoy, 5, "/", { headers: { "x-api-key": "k1" } })).toEqual([200, 200, 200, 429, 429]);
      await expectClientLimit(envoy, 20);
    } finally {
      plane.stop();
    }
  });

  it("is asked for by the image of the rate limit deployment, as docs/envoy-gateway.md has it", () => {
    const [configuration] = readResources("envoy-gateway/envoy-gateway.yaml");
    const page = readFileSync(resolve(SHIPPED_CONFIGS, "../docs/envoy-gateway.md"), "utf8");
    const [, shown = ""] = /```yaml\n(apiVersion: .*?)```/s.exec(page) ?? [];
    expect(parse(shown)).toEqual(configuration);
    // All of it: there is no schema of this file, and Envoy Gateway passes over a key that it does not know.
    expect(configuration).toEqual({
      ...{ apiVersion: "gateway.envoyproxy.io/v1alpha1", kind: "EnvoyGateway" },
      provider: {
        type: "Kubernetes",
        kubernetes: { rateLimitDeployment: { container: { image: expect.stringMatching(/\/weir:\d/) } } },
      },
      rateLimit: { backend: { type: "Redis", redis: { url: expect.stringMatching(/:6379$/) } } },
    });
  });
});

describe("Contour", () => {
  it("limits keys and clients at the virtual host, and logins on their route", async () => {
    const resources = readResources("contour/contour.yaml");
    const gateway = await bareGateway("shop.example.com", contourPaths(resources[2]!));
    const envoy = await run("contour", gateway, (port) => {
      applyContour(gateway, resources, port);
      return configurationOf(gateway);
    });
    expect(await statuses(envoy, 4, "/login")).toEqual([200, 200, 429, 429]);
    expect(await statuses(envoy, 5, "/", { headers: { "x-api-key": "k1" } })).toEqual([200, 200, 200, 429, 429]);
    await expectClientLimit(envoy);
    await expectRemaining(envoy);
    await expectCallsAtOnce(envoy, "weir", 10_000);
  });
});

describe("kgateway", () => {
  it("limits keys and clients on the route", async () => {
    const gateway = await bareGateway("shop", { shop: "/" });
    const envoy = await run("kgateway", gateway, (port) => {
      applyKgateway(gateway, readResources("kgateway/kgateway.yaml"), port);
      return configurationOf(gateway);
    });
    expect(await statuses(envoy, 5, "/", { headers: { "x-api-key": "k1" } })).toEqual([200, 200, 200, 429, 429]);
    await expectClientLimit(envoy);
    await expectRemaining(envoy);
    await expectCallsAtOnce(envoy, "weir", 10_000);
  });
});
