import { expect, it } from "vitest";
import { readResources } from "../support/envoy-recipe-patches.js";
import { checkSchemas, KUBERNETES_VERSIONS } from "../support/k8s/api-schemas.js";

// What users apply to a cluster with Envoy Gateway, held to its own definitions. What it does then is tested in
// test/envoy/recipes-gateways.test.ts.

it.each(["policy.yaml", "patch.yaml"])("envoy/envoy-gateway/%s is what Envoy Gateway takes", async (file) => {
  const [newest] = KUBERNETES_VERSIONS.slice(-1);
  const { stdout, stderr } = await checkSchemas(newest ?? "", readResources(`envoy-gateway/${file}`));
  expect(`${stderr}${stdout}`).toContain("Valid: 1, Invalid: 0, Errors: 0, Skipped: 0");
});
