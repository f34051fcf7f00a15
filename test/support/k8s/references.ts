import { type Container, containersOf, type DeploymentSpec, type Labels, type Resource } from "./manifests.js";

/** What a cluster has besides the resources that are looked at, by name. */
export interface Present {
  readonly configMaps?: readonly string[];
  readonly serviceAccounts?: readonly string[];
}

interface Selector {
  readonly matchLabels?: Labels;
}

/**
 * What in these resources names another that is not there, or not as it is named, a line each. The API takes all of this:
 * a Service whose selector finds no pod is a valid Service.
 */
export function findBrokenReferences(resources: readonly Resource[], present: Present = {}): string[] {
  return resources.flatMap((resource) => {
    const place = `${resource.kind} ${resource.metadata.name}`;
    return checksOf(resource, resources, present).map((fault) => `${place}: ${fault}`);
  });
}

function checksOf(resource: Resource, all: readonly Resource[], present: Present): string[] {
  switch (resource.kind) {
    case "Deployment":
      return deploymentFaults(resource, all, present);
    case "Service":
      return serviceFaults(resource, all);
    case "HorizontalPodAutoscaler":
      return autoscalerFaults(resource, all);
    case "PodDisruptionBudget":
      return budgetFaults(resource, all);
    case "NetworkPolicy":
      return selectionFaults("podSelector", (resource.spec as { podSelector: Selector }).podSelector, all);
    case "ServiceMonitor":
      return monitorFaults(resource, all);
    case "ConfigMap":
    case "Namespace":
    case "PrometheusRule":
    case "ServiceAccount":
      return [];
    default:
      return ["nothing is known of this kind"];
  }
}

const deploymentsOf = (resources: readonly Resource[]): readonly Resource[] =>
  resources.filter(({ kind }) => kind === "Deployment");

const specOf = ({ spec }: Resource): DeploymentSpec => spec as DeploymentSpec;

/** A selector without labels finds everything, which none here may mean. */
function finds({ matchLabels = {} }: Selector, labels: Labels = {}): boolean {
  const wanted = Object.entries(matchLabels);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

const sameNamespace = (a: Resource, b: Resource): boolean => a.metadata.namespace === b.metadata.namespace;

function selectionFaults(name: string, selector: Selector, all: readonly Resource[]): string[] {
  const found = deploymentsOf(all).filter((one) => finds(selector, specOf(one).template.metadata.labels));
  return found.length === 1 ? [] : [`${name} finds the pods of ${found.length} Deployments`];
}

function deploymentFaults(deployment: Resource, all: readonly Resource[], present: Present): string[] {
  const { selector, template } = specOf(deployment);
  const { labels } = template.metadata;
  const { serviceAccountName, topologySpreadConstraints = [], volumes = [] } = template.spec;
  const has = (kind: string, name: string, more: readonly string[] = []): boolean =>
    more.includes(name) ||
    all.some((one) => one.kind === kind && one.metadata.name === name && sameNamespace(one, deployment));
  const faults = finds(selector, labels) ? [] : ["its selector does not find its own pods"];
  if (serviceAccountName !== undefined && !has("ServiceAccount", serviceAccountName, present.serviceAccounts)) {
    faults.push(`there is no ServiceAccount ${serviceAccountName}`);
  }
  for (const { topologyKey, labelSelector } of topologySpreadConstraints) {
    if (!finds(labelSelector, labels)) faults.push(`the spread over ${topologyKey} does not count its own pods`);
  }
  for (const { configMap } of volumes) {
    if (configMap !== undefined && !has("ConfigMap", configMap.name, present.configMaps)) {
      faults.push(`there is no ConfigMap ${configMap.name}`);
    }
  }
  const names = volumes.map(({ name }) => name);
  return [...faults, ...containersOf(template.spec).flatMap((container) => containerFaults(container, names))];
}

function containerFaults(container: Container, volumes: readonly string[]): string[] {
  const { ports = [], volumeMounts = [], startupProbe, readinessProbe, livenessProbe } = container;
  const faults = volumeMounts
    .filter(({ name }) => !volumes.includes(name))
    .map(({ name }) => `${container.name} mounts ${name}, which is no volume`);
  for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
    const port = probe?.grpc?.port ?? probe?.httpGet?.port ?? probe?.tcpSocket?.port;
    if (port !== undefined && !ports.some(({ name, containerPort }) => name === port || containerPort === port)) {
      faults.push(`a probe of ${container.name} asks port ${port}, which it does not have`);
    }
  }
  return faults;
}

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly selector: Labels;
  readonly ports: readonly { readonly name: string; readonly targetPort: string | number }[];
}

function serviceFaults(service: Resource, all: readonly Resource[]): string[] {
  const { clusterIP, selector, ports } = service.spec as ServiceSpec;
  const faults = selectionFaults("selector", { matchLabels: selector }, all);
  const isHeadless = service.metadata.name.endsWith("-headless");
  if (isHeadless !== (clusterIP === "None")) faults.push(`clusterIP is ${clusterIP}`);
  const pods = deploymentsOf(all).filter((one) =>
    finds({ matchLabels: selector }, specOf(one).template.metadata.labels),
  );
  const open = pods.flatMap((one) => containersOf(specOf(one).template.spec)).flatMap(({ ports: own = [] }) => own);
  for (const { name, targetPort } of ports) {
    const isOpen = open.some((port) => port.name === targetPort || port.containerPort === targetPort);
    if (!isOpen) faults.push(`its port ${name} goes to ${targetPort}, which no container of its pods has`);
  }
  return faults;
}

interface AutoscalerSpec {
  readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
}

function autoscalerFaults(autoscaler: Resource, all: readonly Resource[]): string[] {
  const { apiVersion, kind, name } = (autoscaler.spec as AutoscalerSpec).scaleTargetRef;
  const isTarget = (one: Resource): boolean =>
    one.apiVersion === apiVersion && one.kind === kind && one.metadata.name === name && sameNamespace(one, autoscaler);
  return all.some(isTarget) ? [] : [`there is no ${apiVersion} ${kind} ${name} to scale`];
}

function budgetFaults({ spec }: Resource, all: readonly Resource[]): string[] {
  const { selector, maxUnavailable } = spec as { selector: Selector; maxUnavailable?: number | string };
  const faults = selectionFaults("selector", selector, all);
  const isDrainable = maxUnavailable !== undefined && Number.parseInt(String(maxUnavailable), 10) > 0;
  return isDrainable ? faults : [...faults, `maxUnavailable is ${maxUnavailable}: no node can be drained`];
}

interface MonitorSpec {
  readonly jobLabel: string;
  readonly selector: Selector;
  readonly endpoints: readonly { readonly port: string }[];
}

/** Of two Services with the same pods both would be scraped, and every pod counted twice. */
function monitorFaults(monitor: Resource, all: readonly Resource[]): string[] {
  const { jobLabel, selector, endpoints } = monitor.spec as MonitorSpec;
  const services = all.filter(
    (one) => one.kind === "Service" && finds(selector, one.metadata.labels) && sameNamespace(one, monitor),
  );
  const [service] = services;
  if (service === undefined || services.length > 1) return [`its selector finds ${services.length} Services`];
  const { ports } = service.spec as ServiceSpec;
  const faults = endpoints
    .filter(({ port }) => !ports.some(({ name }) => name === port))
    .map(({ port }) => `${service.metadata.name} has no port ${port}`);
  return service.metadata.labels?.[jobLabel] === "weir" ? faults : [...faults, `the job is not called weir`];
}
