import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, createServer, type IncomingMessage, request, type Server } from "node:http";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.js";
import { answersOk, http } from "../support/http-client.js";
import {
  type Container,
  containersOf,
  environmentOf,
  kustomize,
  only,
  podsOf,
  type Resource,
} from "../support/k8s/manifests.js";
import { type PodWeir, startPodWeir } from "../support/k8s/pod-weir.js";
import { launch, type Program, whenReady } from "../support/program.js";
import { envoyPath } from "../support/tools.js";
import { until } from "../support/until.js";

let resources: Resource[];
let weir: PodWeir;
let envoy: Program;
let application: Server;
let folder: string;
let gateway: string;
let adminPort: number;

/** The text with each of these in the place of another, all of which must be there. */
function replaceAll(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [search, replacement]) => {
    if (!changed.includes(search)) throw new Error(`envoy.yaml does not contain ${search}`);
    return changed.replaceAll(search, replacement);
  }, text);
}

beforeAll(async () => {
  resources = await kustomize("overlays/sidecar");
  weir = await startPodWeir(resources);
  application = createServer((_, response) => void response.end("application"));
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  const port = await freePort();
  adminPort = await freePort();
  gateway = `http://127.0.0.1:${port}`;
  const configMap = resources.find(({ data }) => data?.["envoy.yaml"] !== undefined);
  const shipped = configMap?.data?.["envoy.yaml"] ?? "";
  const configuration = replaceAll(shipped, {
    "address: 0.0.0.0, port_value: 10000": `address: 127.0.0.1, port_value: ${port}`,
    "address: 127.0.0.1, port_value: 8081": `address: 127.0.0.1, port_value: ${weir.grpcPort}`,
    "address: application, port_value: 80 ": `address: 127.0.0.1, port_value: ${(application.address() as AddressInfo).port} `,
    "port_value: 9901": `port_value: ${adminPort}`,
    // Beyond the 20 ms Envoy lets through, and this machine may stall for longer.
    "timeout: 0.02s": "timeout: 5s",
  });
  folder = await mkdtemp(join(tmpdir(), "weir-gateway-"));
  const file = join(folder, "envoy.yaml");
  await writeFile(file, configuration);
  const { command = [] } = gatewayContainer();
  const args = command.slice(1).map((word) => (word === "/etc/envoy/envoy.yaml" ? file : word));
  envoy = await launch(envoyPath(), args);
  await whenReady(envoy, "envoy", () => answersOk(`${gateway}/gateway/ready`));
});

afterAll(async () => {
  await envoy?.stop();
  await weir?.stop();
  application?.close();
  await rm(folder, { recursive: true, force: true });
});

function gatewayContainer(): Partial<Container> {
  return podsOf(resources)[0]?.containers[0] ?? {};
}

/** What the kubelet runs before SIGTERM, with Envoy's admin port of this test, and without the wait at its end. */
async function runPreStop(): Promise<number | string | undefined> {
  const [program = "", ...args] = gatewayContainer().lifecycle?.preStop?.exec?.command ?? [];
  const here = args.map((text) =>
    text.replace("127.0.0.1/9901", `127.0.0.1/${adminPort}`).replace(/sleep \d+/, "sleep 0"),
  );
  const hook = await launch(program, here);
  return until("the hook has ended", async () => hook.ended());
}

/** A request on a connection that is kept for the next one. */
function ask(agent: Agent, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${gateway}${path}`, { agent }, (incoming) => {
      incoming.resume().once("end", () => resolve(incoming));
    });
    outgoing.once("error", reject).end();
  });
}

describe("k8s/overlays/sidecar", () => {
  it("limits what comes through its Envoy by the rules of its ConfigMap", async () => {
    const statuses: number[] = [];
    for (let request = 0; request < 6; request++) statuses.push((await http(`${gateway}/`)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it("answers the readiness probe of the gateway itself, and does not limit it", async () => {
    for (let probe = 0; probe < 10; probe++) expect((await http(`${gateway}/gateway/ready`)).status).toBe(200);
  });

  it("has Weir as a native sidecar, whose probes are well, with gRPC for this pod only", async () => {
    const { container } = weir;
    expect(podsOf(resources)[0]?.initContainers).toEqual([expect.objectContaining({ restartPolicy: "Always" })]);
    expect(environmentOf(container).WEIR_GRPC_LISTEN).toBe("127.0.0.1:8081");
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect(await weir.probe(probe)).toBe(true);
    }
  });

  it("restarts the gateway when Envoy's configuration changes, and not when rules do", () => {
    const names = podsOf(resources).flatMap(({ volumes = [] }) => volumes.map(({ configMap }) => configMap?.name));
    expect(names).toEqual(["gateway-rules", expect.stringMatching(/^gateway-envoy-[a-z0-9]{10}$/)]);
    expect(containersOf(podsOf(resources)[0]!)).toHaveLength(2);
    expect(only(resources, "Service").metadata.name).toBe("gateway");
  });

  it("gives the pod longer to stop than its preStop hook waits", () => {
    const { preStop } = gatewayContainer().lifecycle ?? {};
    const [, seconds] = /; sleep (\d+)$/.exec(preStop?.exec?.command.at(-1) ?? "") ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(15);
    expect(podsOf(resources)[0]?.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + 5);
  });
});

describe("the preStop hook of k8s/overlays/sidecar", () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  afterAll(async () => {
    agent.destroy();
    await http(`http://127.0.0.1:${adminPort}/healthcheck/ok`, { method: "POST" });
  });

  it("tells clients to leave their connections, fails readiness, and still takes new connections", async () => {
    expect((await ask(agent, "/")).headers.connection).toBeUndefined();
    const session = connect(gateway);
    const leftBy = new Promise((resolve) => session.once("goaway", resolve));
    expect(await runPreStop()).toBe(0);
    expect((await ask(agent, "/")).headers.connection).toBe("close");
    session.request({ ":path": "/" }).resume().end();
    expect(await leftBy).toBe(0);
    session.close();
    expect((await http(`${gateway}/gateway/ready`)).status).toBe(503);
    expect([200, 429]).toContain((await http(`${gateway}/`)).status);
  });
});
