import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { KUBERNETES_TOOLS, runKubernetesTool, type ToolRun } from "./kubernetes-tools.js";
import type { Resource } from "./manifests.js";

/** The oldest Kubernetes that the manifests are for, and the newest whose schemas there are. */
export const KUBERNETES_VERSIONS = ["1.30.0", "1.37.0"] as const;

/**
 * Holds resources to the schemas of a Kubernetes' API, of the Prometheus Operator and of Envoy Gateway; what those do not
 * name is a fault.
 */
export async function checkSchemas(version: string, resources: readonly Resource[]): Promise<ToolRun> {
  const folder = await mkdtemp(join(tmpdir(), "weir-crds-"));
  try {
    await writeCustomSchemas(folder);
    const files = "{{.ResourceKind}}{{.KindSuffix}}.json";
    const locations = [`${KUBERNETES_TOOLS}/schemas/v${version}/${files}`, `${folder}/${files}`];
    const args = ["-strict", "-summary", ...locations.flatMap((location) => ["-schema-location", location])];
    const documents = resources.map((resource) => `---\n${JSON.stringify(resource)}\n`);
    return await runKubernetesTool("kubeconform", args, documents.join(""));
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: object } }[];
  };
}

/** The schemas in definitions of custom resources, under the names that kubeconform looks for. */
async function writeCustomSchemas(folder: string): Promise<void> {
  const crds = join(KUBERNETES_TOOLS, "crds");
  for (const file of await readdir(crds)) {
    const { spec } = parse(await readFile(join(crds, file), "utf8")) as Definition;
    for (const { name, schema } of spec.versions) {
      const path = `${spec.names.kind.toLowerCase()}-${spec.group.split(".")[0]}-${name}.json`;
      await writeFile(join(folder, path), JSON.stringify(closed(schema.openAPIV3Schema)));
    }
  }
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
