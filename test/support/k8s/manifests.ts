import { resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { runKubernetesTool } from "./kubernetes-tools.js";

/** What the project ships for Kubernetes. */
export const K8S = resolve(import.meta.dirname, "../../../k8s");

/** Every folder that `kubectl apply -k` takes. */
export const KUSTOMIZATIONS = ["base", "overlays/try", "overlays/production", "overlays/sidecar"] as const;

export interface Probe {
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly tcpSocket?: { readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold?: number;
}

export type ProbeName = "startupProbe" | "readinessProbe" | "livenessProbe";

export interface Container extends Readonly<Partial<Record<ProbeName, Probe>>> {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command: readonly string[] } } };
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: Readonly<Record<"limits" | "requests", Readonly<Record<string, string>>>>;
  readonly securityContext: { readonly readOnlyRootFilesystem?: boolean };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly topologySpreadConstraints?: readonly {
    readonly topologyKey: string;
    readonly labelSelector: { readonly matchLabels: Labels };
  }[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly terminationGracePeriodSeconds?: number;
  readonly enableServiceLinks?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly volumes?: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

export interface DeploymentSpec {
  readonly selector: { readonly matchLabels: Labels };
  readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
}

export type Labels = Readonly<Record<string, string>>;

/** A resource, as far as the tests look into one. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

/** What `kubectl apply -k` would send. */
export async function kustomize(folder: string): Promise<Resource[]> {
  const { exitCode, stdout, stderr } = await runKubernetesTool("kubectl", ["kustomize", resolve(K8S, folder)]);
  if (exitCode !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return readResources(stdout);
}

/** What `helm install weir k8s/chart` would send, with these values. */
export async function helmTemplate(values: object = {}): Promise<Resource[]> {
  const { exitCode, stdout, stderr } = await runHelmTemplate(values);
  if (exitCode !== 0) throw new Error(`helm template: ${stderr}`);
  return readResources(stdout);
}

/** The same, however it ends. */
export function runHelmTemplate(values: object): ReturnType<typeof runKubernetesTool> {
  // YAML takes JSON.
  return runKubernetesTool("helm", ["template", "weir", resolve(K8S, "chart"), "-f", "-"], JSON.stringify(values));
}

/** What `helm install` tells at its end, with these values. */
export async function helmNotes(values: object): Promise<string> {
  const args = ["install", "weir", resolve(K8S, "chart"), "--namespace", "edge", "--dry-run=client", "-f", "-"];
  const { exitCode, stdout, stderr } = await runKubernetesTool("helm", args, JSON.stringify(values));
  const [, notes] = stdout.split(/^NOTES:$/m);
  if (exitCode !== 0 || notes === undefined) throw new Error(`helm install --dry-run: ${stderr}`);
  return notes;
}

function readResources(text: string): Resource[] {
  // YAML 1.1, as Kubernetes reads it: 0440 is octal.
  return parseAllDocuments(text, { version: "1.1" }).map((document) => {
    if ("errors" in document && document.errors.length > 0) throw document.errors[0];
    return document.toJS() as Resource;
  });
}

/** The one resource of this kind, or the one of them with this name. */
export function only(resources: readonly Resource[], kind: string, name?: string): Resource {
  const found = resources.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  if (found.length !== 1) throw new Error(`${found.length} resources are ${kind} ${name ?? ""}`);
  return found[0]!;
}

/** The pods of all Deployments. */
export function podsOf(resources: readonly Resource[]): readonly PodSpec[] {
  return resources
    .filter(({ kind }) => kind === "Deployment")
    .map(({ spec }) => (spec as DeploymentSpec).template.spec);
}

export function containersOf(pod: PodSpec): readonly Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** The container in which Weir runs, and its pod. */
export function weirOf(resources: readonly Resource[]): { readonly pod: PodSpec; readonly container: Container } {
  for (const pod of podsOf(resources)) {
    const container = containersOf(pod).find(({ name }) => name === "weir");
    if (container !== undefined) return { pod, container };
  }
  throw new Error("no container is called weir");
}

export function environmentOf({ env = [] }: Container): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}
