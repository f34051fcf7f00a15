import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { KUBERNETES_TOOLS, runKubernetesTool, type ToolRun } from "./kubernetes-tools.js";
import type { Resource } from "./manifests.js";

/** The oldest Kubernetes that the manifests are for, and the newest whose schemas there are. */
export const KUBERNETES_VERSIONS = ["1.30.0", "1.37.0"] as const;

/**
 * Holds resources to the schemas of a Kubernetes' API and to the custom resource definitions that
 * scripts/ensure-kubernetes-tools.sh fetches; what those do not name is a fault.
 */
export async function checkSchemas(version: string, resources: readonly Resource[]): Promise<ToolRun> {
  const folder = await mkdtemp(join(tmpdir(), "weir-crds-"));
  try {
    customSchemas ??= readCustomSchemas();
    for (const [file, schema] of await customSchemas) await writeFile(join(folder, file), schema);
    const own = "{{.ResourceKind}}{{.KindSuffix}}.json";
    // The whole group: Envoy Gateway's and kgateway's begin with the same word.
    const custom = "{{.Group}}_{{.ResourceKind}}_{{.ResourceAPIVersion}}.json";
    const locations = [`${KUBERNETES_TOOLS}/schemas/v${version}/${own}`, `${folder}/${custom}`];
    const args = ["-strict", "-summary", ...locations.flatMap((location) => ["-schema-location", location])];
    const documents = resources.map((resource) => `---\n${JSON.stringify(resource)}\n`);
    return await runKubernetesTool("kubeconform", args, documents.join(""));
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface OpenApiSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: OpenApiSchema };
    }[];
  };
}

/** They are a megabyte of YAML: read once. */
let customSchemas: Promise<ReadonlyMap<string, string>> | undefined;

/** The schemas in definitions of custom resources, by the names that kubeconform looks for. */
async function readCustomSchemas(): Promise<ReadonlyMap<string, string>> {
  const crds = join(KUBERNETES_TOOLS, "crds");
  const schemas = new Map<string, string>();
  for (const file of await readdir(crds)) {
    const { spec } = parse(await readFile(join(crds, file), "utf8")) as Definition;
    for (const { name, schema } of spec.versions) {
      const path = `${spec.group}_${spec.names.kind.toLowerCase()}_${name}.json`;
      schemas.set(path, JSON.stringify(closed(withHead(schema.openAPIV3Schema))));
    }
  }
  return schemas;
}

/** What every resource has, and Istio's definitions leave to the API server. */
function withHead(schema: OpenApiSchema): OpenApiSchema {
  const head = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: { type: "object" } };
  return { ...schema, properties: { ...head, ...schema.properties } };
}

/** The same schema, by which an object has no keys but those that it names. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inside = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return "properties" in schema && !("additionalProperties" in schema)
    ? { ...inside, additionalProperties: false }
    : inside;
}
