import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type ComposeService, composeServices, REPOSITORY } from "../support/docker/compose.js";

// What docker-compose.yml says. Whether it works is in compose.test.ts; Grafana and k6, of which there is no image for
// the tests, are only here.

const NAMES = ["envoy", "weir-1", "weir-2", "admin-token", "redis", "prometheus", "grafana", "load"];
const ENDS = new Set(["admin-token", "load"]);
/** What each one waits for. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  "weir-1": ["redis", "admin-token"],
  "weir-2": ["redis", "admin-token"],
  envoy: ["weir-1", "weir-2"],
  prometheus: ["envoy"],
  grafana: ["prometheus"],
  load: ["envoy"],
};

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

  it("waits until what it needs is healthy, or has done its work", () => {
    const waits = Object.entries(service().depends_on ?? {}).map(([other, { condition }]) => [other, condition]);
    const expected = (NEEDS[name] ?? []).map((other) => [
      other,
      ENDS.has(other) ? "service_completed_successfully" : "service_healthy",
    ]);
    expect(Object.fromEntries(waits)).toEqual(Object.fromEntries(expected));
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

it("Grafana finds its dashboard where it is mounted", () => {
  interface Provisioning {
    readonly providers: readonly [{ readonly options: { readonly path: string } }];
  }
  const { volumes = [], environment = {} } = services.get("grafana")!;
  const mountOf = (path: string) => volumes.find(({ source }) => source === join(REPOSITORY, path))?.target;
  const dashboards = mountOf("monitoring/grafana/dashboards");
  const { providers } = parse(read("monitoring/grafana/provisioning/dashboards/weir.yml")) as Provisioning;
  expect(providers[0].options.path).toBe(dashboards);
  const home = environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? "";
  expect(dirname(home)).toBe(dashboards);
  expect(existsSync(join(REPOSITORY, "monitoring/grafana/dashboards", basename(home)))).toBe(true);
  // Grafana reads its own configuration from these two folders.
  const provisioning = "/etc/grafana/provisioning";
  expect(dirname(mountOf("monitoring/grafana/provisioning/dashboards/weir.yml")!)).toBe(`${provisioning}/dashboards`);
  expect(dirname(mountOf("monitoring/compose/grafana-datasource.yml")!)).toBe(`${provisioning}/datasources`);
});

it("load sets every variable that the k6 scripts read, and mounts the script that it runs", () => {
  const scripts = readdirSync(join(REPOSITORY, "load")).filter((name) => name.endsWith(".js"));
  const reads = scripts.flatMap((name) => [
    ...read(join("load", name)).matchAll(/\b__ENV\.([A-Z_]+)|\bnumberOf\("([A-Z_]+)"/g),
  ]);
  const names = new Set(reads.map(([, direct, byName]) => direct ?? byName));
  expect([...names].sort()).toEqual(["DURATION", "RATE", "STEP", "TARGET"]);
  const { environment = {}, volumes = [], command } = services.get("load")!;
  for (const name of names) expect(Object.keys(environment)).toContain(name);
  expect(environment.TARGET).toBe("http://envoy:10000");
  const [folder] = volumes;
  expect(folder).toMatchObject({ source: join(REPOSITORY, "load"), target: "/load" });
  expect(command?.[0]).toBe("run");
  expect(scripts).toContain(relative("/load", command?.[1] ?? ""));
});
