import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { TcpAddress } from "../../src/net/listen-address.js";
import { readSettings } from "../../src/settings.js";
import { checkSchemas, KUBERNETES_VERSIONS } from "../support/k8s/api-schemas.js";
import { runKubernetesTool } from "../support/k8s/kubernetes-tools.js";
import {
  containersOf,
  environmentOf,
  helmTemplate,
  K8S,
  KUSTOMIZATIONS,
  kustomize,
  only,
  podsOf,
  type Resource,
  weirOf,
} from "../support/k8s/manifests.js";
import { mountFolder } from "../support/mounted-folder.js";
import { MONITORING } from "../support/prometheus.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { version: string };

describe.each(KUSTOMIZATIONS)("k8s/%s", (folder) => {
  let resources: Resource[];

  beforeAll(async () => {
    resources = await kustomize(folder);
  });

  it.each(KUBERNETES_VERSIONS)("is what the API of Kubernetes %s takes", async (kubernetes) => {
    const { stdout, stderr, exitCode } = await checkSchemas(kubernetes, resources);
    expect(`${stderr}${stdout}`).toContain("Invalid: 0, Errors: 0, Skipped: 0");
    expect(exitCode).toBe(0);
  });

  it("keeps the pod security standard `restricted`", async () => {
    const deployments = resources.filter(({ kind }) => kind === "Deployment");
    const input = deployments.map((deployment) => JSON.stringify(deployment)).join("\n");
    expect(await runKubernetesTool("pod-security", [], input)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("writes nothing, has no token, sees no services in its environment, and is given memory but no CPU limit", () => {
    for (const pod of podsOf(resources)) {
      expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      for (const { resources: given, securityContext } of containersOf(pod)) {
        expect(securityContext.readOnlyRootFilesystem).toBe(true);
        expect(Object.keys(given.limits)).toEqual(["memory"]);
        expect(Object.keys(given.requests)).toEqual(["cpu", "memory"]);
      }
    }
  });

  it("runs `weir serve` of this version with settings that it takes, and opens the ports where it listens", () => {
    const { container } = weirOf(resources);
    expect(container.image).toMatch(new RegExp(`(^|/)weir:${version.replaceAll(".", "\\.")}$`));
    expect(container.args?.[0]).toBe("serve");
    const { settings, errors } = readSettings(environmentOf(container), container.args?.slice(1) ?? []);
    expect(errors).toBeUndefined();
    const grpcListen = settings?.grpcListen as TcpAddress;
    const listened = new Map([
      ["grpc", grpcListen.port],
      ["http", settings?.httpListen.port],
    ]);
    for (const { name, containerPort } of container.ports ?? []) expect(listened.get(name)).toBe(containerPort);
    for (const name of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
      const { grpc, httpGet } = container[name] ?? {};
      expect(grpc?.port ?? listened.get(httpGet?.port ?? "")).toBe(grpc ? listened.get("grpc") : 8080);
      // A kubelet asks the pod's address: what is asked must not listen on loopback only.
      expect((grpc ? grpcListen : settings?.httpListen)?.host).toBe("0.0.0.0");
    }
  });

  it("gives the program the time that its shutdown may take", () => {
    const { pod, container } = weirOf(resources);
    const { settings } = readSettings(environmentOf(container), []);
    const needed = (settings?.shutdownDelayMillis ?? 0) + (settings?.shutdownTimeoutMillis ?? 0);
    expect((pod.terminationGracePeriodSeconds ?? 0) * 1_000).toBeGreaterThan(needed);
  });

  it("mounts the whole ConfigMap with the rules, under a name that stays, and the rules are valid", async () => {
    const { pod, container } = weirOf(resources);
    const mount = container.volumeMounts?.find(({ name }) => name === "rules");
    expect(mount).toMatchObject({ mountPath: environmentOf(container).WEIR_RULES });
    expect(mount?.subPath).toBeUndefined();
    const name = pod.volumes?.find((volume) => volume.name === "rules")?.configMap?.name;
    expect(name).toMatch(/^(weir|gateway)-rules$/);
    const mounted = await mountFolder(only(resources, "ConfigMap", name).data ?? {});
    try {
      const args = ["dist/main.js", "validate", mounted.path];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY });
      expect(stdout).toContain("1 file");
    } finally {
      await mounted.remove();
    }
  });
});

describe("the alerts for the Prometheus Operator", () => {
  const HEAD =
    "# The rules of monitoring/rules/ for the Prometheus Operator. A test writes this file anew when they change:\n" +
    "#   npx vitest run --project k8s --update\n";

  it("are those of monitoring/rules", async () => {
    const files = (await readdir(join(MONITORING, "rules"))).sort();
    const groups: unknown[] = [];
    for (const file of files) {
      groups.push(...(parse(await readFile(join(MONITORING, "rules", file), "utf8")) as { groups: unknown[] }).groups);
    }
    expect(groups.length).toBeGreaterThan(1);
    const labels = { "app.kubernetes.io/name": "weir", "app.kubernetes.io/instance": "weir" };
    const rule = {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: { name: "weir", labels },
      spec: { groups },
    };
    const path = join(K8S, "components/monitoring/prometheus-rule.yaml");
    await expect(`${HEAD}${stringify(rule, { lineWidth: 0 })}`).toMatchFileSnapshot(path);
  });
});

describe("the checks of these tests", () => {
  it("find a key that the API does not know, a pod that may be root, and an operator's key that is no key", async () => {
    const [deployment] = (await kustomize("base")).filter(({ kind }) => kind === "Deployment");
    const spec = structuredClone(deployment?.spec) as { template: { spec: Record<string, unknown> } };
    spec.template.spec.securityContext = { runAsNonRoot: false };
    const { stdout } = await runKubernetesTool("pod-security", [], JSON.stringify({ ...deployment, spec }));
    expect(stdout).toContain("runAsNonRoot != true");
    spec.template.spec.enableServiceLink = false;
    const { stdout: faults } = await checkSchemas("1.37.0", [{ ...deployment!, spec }]);
    expect(faults).toContain("enableServiceLink");
    const monitor = only(await helmTemplate({ monitoring: { enabled: true } }), "ServiceMonitor");
    const { stdout: unknown } = await checkSchemas("1.37.0", [
      { ...monitor, spec: { ...(monitor.spec as object), jobLable: "" } },
    ]);
    expect(unknown).toContain("jobLable");
  });
});
