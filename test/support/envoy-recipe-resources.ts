import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { SHIPPED_CONFIGS } from "./envoy.js";
import type { ConfigNode } from "./envoy-bare-gateway.js";

/** A Kubernetes resource of a recipe in envoy/. */
export interface RecipeResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: ConfigNode;
  readonly data?: Readonly<Record<string, string>>;
}

/** The text of a file under envoy/. */
export function readRecipe(file: string): string {
  return readFileSync(resolve(SHIPPED_CONFIGS, file), "utf8");
}

/** The resources in a file under envoy/. */
export function readResources(file: string): RecipeResource[] {
  return parseResources(readRecipe(file));
}

/** @throws Error where the text is not YAML */
export function parseResources(text: string): RecipeResource[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as RecipeResource;
  });
}

/**
 * The files in the folders of envoy/ that are for Kubernetes, such as `istio/gateway.yaml`. Any other that is YAML is
 * Envoy's, or Weir's rules, and has neither an apiVersion nor a kind.
 */
export function kubernetesRecipes(): string[] {
  const files = readdirSync(SHIPPED_CONFIGS, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.ya?ml$/.test(file),
  );
  return files.filter((file) => /^(apiVersion|kind):/m.test(readRecipe(join(file)))).sort();
}

/**
 * The same object, for a reader that understands these keys and no others: what it would pass over, a gateway might not.
 * @throws Error where there is another key
 */
export function understood<T extends object>(node: T, ...keys: readonly (keyof T & string)[]): T {
  const unknown = Object.keys(node).filter((key) => !(keys as readonly string[]).includes(key));
  if (unknown.length > 0) throw new Error(`not known here: ${unknown.join(", ")}`);
  return node;
}

/** @throws Error where a part of a recipe is not what the gateway of the test has */
export function expectSame(what: string, written: unknown, there: unknown): void {
  const [a, b] = [JSON.stringify(written), JSON.stringify(there)];
  if (a !== b) throw new Error(`the patch meets nothing: ${what} is ${a}, not ${b}`);
}
