import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type ComposeService, composeServices, REPOSITORY } from "../support/docker/compose.js";

// What docker-compose.yml says. Whether it works is in compose.test.ts; Grafana and k6, of which there is no image for
// the tests, are only here.

const NAMES = ["envoy", "weir-1", "weir-2", "admin-token", "redis", "prometheus", "grafana", "load"];
const ENDS = new Set(["admin-token", "load"]);

let services: ReadonlyMap<string, ComposeService>;

beforeAll(async () => {
  services = await composeServices();
});

function read(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}

it("has these services", () => {
  expect([...services.keys()].sort()).toEqual([...NAMES].sort());
});

describe.each(NAMES)("%s", (name) => {
  const service = (): ComposeService => services.get(name)!;

  it("has nothing to write to, no capabilities and no way to gain any", () => {
    expect(service()).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
    });
  });

  it("is an image of a version that is named", () => {
    expect(service().image).toMatch(/:(?!latest$)[\w.-]+$/);
  });

  it("is reached from this machine only", () => {
    for (const port of service().ports ?? []) expect(port.host_ip).toBe("127.0.0.1");
  });

  it("mounts files that are there, and may not write to them", () => {
    for (const { type, source, read_only } of service().volumes ?? []) {
      if (type !== "bind") continue;
      expect(read_only, source).toBe(true);
      expect(existsSync(source), source).toBe(true);
    }
  });

  it("waits until what it needs is healthy", () => {
    for (const [other, { condition }] of Object.entries(service().depends_on ?? {})) {
      expect(condition, other).toBe(ENDS.has(other) ? "service_completed_successfully" : "service_healthy");
    }
  });
});

it("nothing runs as root but what writes the token, which has no network", () => {
  for (const [name, { user, image }] of services) {
    if (name === "admin-token") continue;
    // These two images have a user of their own who is not root.
    if (/^(weir|grafana\/k6):/.test(image)) expect(user, name).toBeUndefined();
    else expect(Number.parseInt(user ?? "0", 10), name).toBeGreaterThan(0);
  }
  expect(services.get("admin-token")?.network_mode).toBe("none");
});

it("every service that stays has a health check", () => {
  for (const [name, { healthcheck }] of services) expect(healthcheck !== undefined, name).toBe(!ENDS.has(name));
});

it("only Weir shares a network with Redis", () => {
  const near = [...services].filter(([, { networks }]) => networks !== undefined && "store" in networks);
  expect(near.map(([name]) => name).sort()).toEqual(["redis", "weir-1", "weir-2"]);
  expect(Object.keys(services.get("redis")?.networks ?? {})).toEqual(["store"]);
});

it("Envoy's configuration differs from the shipped one in addresses only", () => {
  interface Address {
    address: { socket_address: unknown };
  }
  interface Bootstrap {
    admin: Address;
    static_resources: {
      listeners: Address[];
      clusters: { load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: Address }] }] } }[];
    };
  }
  const shipped = parse(read("envoy/envoy.yaml")) as Bootstrap;
  const [front] = shipped.static_resources.listeners;
  const weir = shipped.static_resources.clusters[0]!;
  front!.address.socket_address = { address: "0.0.0.0", port_value: 10_000 };
  shipped.admin.address.socket_address = { address: "0.0.0.0", port_value: 9901 };
  weir.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address = {
    address: "weir",
    port_value: 8081,
  };
  Object.assign(weir, { type: "STRICT_DNS", dns_lookup_family: "V4_ONLY", dns_refresh_rate: "1s" });

  const sed = ["-f", join(REPOSITORY, "envoy/compose.sed"), join(REPOSITORY, "envoy/envoy.yaml")];
  expect(parse(execFileSync("sed", sed, { encoding: "utf8" }))).toEqual(shipped);
});

it("Prometheus' configuration differs from the shipped one in targets only", () => {
  interface Configuration {
    scrape_configs: { static_configs: unknown }[];
  }
  const shipped = parse(read("monitoring/prometheus.yml")) as Configuration;
  shipped.scrape_configs[0]!.static_configs = [{ targets: ["weir-1:8080", "weir-2:8080"] }];
  shipped.scrape_configs[1]!.static_configs = [{ targets: ["envoy:9901"] }];
  expect(parse(read("monitoring/compose/prometheus.yml"))).toEqual(shipped);
});

it("Grafana's data source differs from the shipped one in its address only", () => {
  const shipped = parse(read("monitoring/grafana/provisioning/datasources/prometheus.yml")) as {
    datasources: { url: string }[];
  };
  shipped.datasources[0]!.url = "http://prometheus:9090";
  expect(parse(read("monitoring/compose/grafana-datasource.yml"))).toEqual(shipped);
});
