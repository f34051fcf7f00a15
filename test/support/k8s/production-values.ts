import { readFileSync } from "node:fs";
import { join } from "node:path";
import { K8S } from "./manifests.js";

/** What k8s/overlays/production says, as values of the chart. */
export const PRODUCTION_VALUES = {
  image: { repository: "registry.example.com/weir" },
  rules: { files: { "api.yaml": readFileSync(join(K8S, "overlays/production/rules/api.yaml"), "utf8") } },
  redis: { url: "rediss://redis.example.com:6380", passwordSecret: "weir-redis" },
  tls: { secretName: "weir-tls" },
  networkPolicy: { redis: [{ ipBlock: { cidr: "10.20.0.0/16" } }], redisPorts: [6380] },
  monitoring: { enabled: true },
};
