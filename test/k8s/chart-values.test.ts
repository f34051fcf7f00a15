import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { K8S, runHelmTemplate } from "../support/k8s/manifests.js";

const VALUES: unknown = parse(readFileSync(join(K8S, "chart/values.yaml"), "utf8"));

type Tree = { [key: string]: unknown };

interface Change {
  /** Another value than in values.yaml. */
  readonly to: unknown;
  /** Other values, with which this one has a meaning. */
  readonly given?: Tree;
}

const ELSEWHERE = [{ ipBlock: { cidr: "10.99.0.0/16" } }];

const CHANGES: Readonly<Record<string, Change>> = {
  "image.repository": { to: "registry.example.com/limits" },
  "image.tag": { to: "9.8.7" },
  "image.pullPolicy": { to: "Always" },
  "image.pullSecrets": { to: [{ name: "registry-login" }] },
  fullnameOverride: { to: "limits" },
  settings: { to: { WEIR_LOG_LEVEL: "debug" } },
  "rules.files": { to: { "api.yaml": "domain: another" } },
  "rules.configMap": { to: "shared-rules" },
  "redis.url": { to: "redis://redis.example.com:7000" },
  "redis.passwordSecret": { to: "redis-login" },
  "redis.deploy": { to: true },
  "redis.image": { to: "registry.example.com/redis:9", given: { redis: { deploy: true } } },
  "tls.secretName": { to: "grpc-certificate" },
  "tls.clientCertificates": { to: true, given: { tls: { secretName: "grpc-certificate" } } },
  "autoscaling.enabled": { to: false },
  "autoscaling.minReplicas": { to: 4 },
  "autoscaling.maxReplicas": { to: 44 },
  "autoscaling.cpu": { to: "777m" },
  replicas: { to: 7, given: { autoscaling: { enabled: false } } },
  "podDisruptionBudget.enabled": { to: false },
  "podDisruptionBudget.maxUnavailable": { to: "34%" },
  "resources.requests.cpu": { to: "1234m" },
  "resources.requests.memory": { to: "345Mi" },
  "resources.limits.memory": { to: "678Mi" },
  "shutdown.delay": { to: "21s" },
  "shutdown.timeout": { to: "12s" },
  "shutdown.gracePeriodSeconds": { to: 61 },
  "networkPolicy.enabled": { to: false },
  "networkPolicy.clients": { to: ELSEWHERE },
  "networkPolicy.metrics": { to: ELSEWHERE },
  "networkPolicy.dns": { to: ELSEWHERE },
  "networkPolicy.dnsPorts": { to: [5353] },
  "networkPolicy.redis": { to: ELSEWHERE },
  "networkPolicy.redisPorts": { to: [6379, 26379] },
  "networkPolicy.extraEgress": { to: [{ to: ELSEWHERE, ports: [{ port: 4318 }] }] },
  "monitoring.enabled": { to: true },
  "monitoring.labels": { to: { release: "prometheus" }, given: { monitoring: { enabled: true } } },
  "serviceAccount.name": { to: "limits-account" },
  podAnnotations: { to: { "example.com/team": "edge" } },
  nodeSelector: { to: { "example.com/pool": "system" } },
  tolerations: { to: [{ key: "example.com/dedicated", operator: "Exists" }] },
  affinity: { to: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "rack" }] } } },
  priorityClassName: { to: "system-cluster-critical" },
  "podSecurityContext.runAsNonRoot": { to: false },
  "podSecurityContext.runAsUser": { to: 1001 },
  "podSecurityContext.runAsGroup": { to: 1002 },
  "podSecurityContext.fsGroup": { to: 1003 },
  "podSecurityContext.seccompProfile.type": { to: "Localhost" },
  extraVolumes: { to: [{ name: "redis-ca", configMap: { name: "redis-authority" } }] },
  extraVolumeMounts: { to: [{ name: "redis-ca", mountPath: "/etc/weir/redis-ca" }] },
};

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;

/** The places where values.yaml has a value, an empty object or a list. */
function leavesOf(value: unknown, path: readonly string[] = []): string[] {
  if (!isTree(value)) return [path.join(".")];
  return Object.entries(value).flatMap(([key, inside]) => leavesOf(inside, [...path, key]));
}

/** The same values with one more. */
function withValue(values: Tree, [key = "", ...inside]: readonly string[], value: unknown): Tree {
  const below = isTree(values[key]) ? values[key] : {};
  return { ...values, [key]: inside.length === 0 ? value : withValue(below, inside, value) };
}

/** Texts and numbers, all of which must be somewhere in what is rendered. */
function wordsOf(value: unknown): string[] {
  if (typeof value === "boolean" || value === null) return [];
  return typeof value === "object" ? Object.values(value).flatMap(wordsOf) : [String(value)];
}

async function linesWith(values: object): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await runHelmTemplate(values);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.split("\n");
}

describe("the values of the chart", () => {
  it("are all tried here", () => {
    expect(Object.keys(CHANGES)).toEqual(leavesOf(VALUES));
  });

  it.each(Object.entries(CHANGES))("%s is in what is rendered", async (path, { to, given = {} }) => {
    const before = await linesWith(given);
    const after = await linesWith(withValue(given, path.split("."), to));
    expect(after).not.toEqual(before);
    const changed = after.filter((line) => !before.includes(line)).join("\n");
    for (const word of wordsOf(to)) expect(changed).toContain(word);
  });
});
