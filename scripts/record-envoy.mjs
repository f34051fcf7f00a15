// Records what a real Envoy says to the server over one connection: calls that are answered, refused, limited, and such
// that it gives up, one after the other and many at once. test/proof/envoy-recording.test.ts says it again, cut anywhere.
//
//   npm run build && node scripts/record-envoy.mjs test/proof/envoy-recording.json
//
// ENVOY_BIN is an Envoy 1.40; without it, the one in .tools (scripts/ensure-tools.sh).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** @typedef {import("../src/grpc-server/unary-call.js").UnaryHandler} UnaryHandler */

// By a name that the compiler does not follow: dist/ is there only once it was built.
const BUILT = new URL("../dist/grpc-server/server.js", import.meta.url).href;
/** @type {typeof import("../src/grpc-server/server.js")} */
const { GrpcServer } = await import(BUILT);

const METHOD = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

const target = process.argv[2];
if (target === undefined) throw new Error("usage: node scripts/record-envoy.mjs FILE");
const folder = mkdtempSync(join(tmpdir(), "weir-record-"));
const envoyBin = process.env.ENVOY_BIN ?? join(import.meta.dirname, "../.tools/envoy");

/**
 * Answers by what the client's key says. The test that plays the recording has the same answers.
 * @type {UnaryHandler}
 */
function answer(message, call) {
  const text = message.toString("latin1");
  if (text.includes("hang")) return new Promise((resolve) => call.onCancel(() => resolve({ code: 1 })));
  if (text.includes("fail")) return { code: 14, details: "the store is away" };
  // RateLimitResponse: overall_code OVER_LIMIT or OK.
  return Buffer.from([0x08, text.includes("limit me") ? 2 : 1]);
}

/**
 * Listens on a free port, passes everything on to `port`, and keeps what clients say, a list of bytes a connection.
 * @param {number} port
 */
async function startRecorder(port) {
  /** @type {Buffer[][]} */
  const connections = [];
  const recorder = createServer((client) => {
    /** @type {Buffer[]} */
    const said = [];
    connections.push(said);
    const server = connect({ port, host: "127.0.0.1", noDelay: true });
    client.on("data", (bytes) => said.push(bytes));
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) socket.on("error", () => socket.destroy());
  });
  recorder.listen(0, "127.0.0.1");
  await once(recorder, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (recorder.address());
  return { port: address.port, connections, close: () => recorder.close() };
}

/** @param {string} name */
const socketAt = (name) => ({ pipe: { path: join(folder, name) } });
/** @param {number} port */
const tcp = (port) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
/** @param {string} type @param {object} fields */
const typed = (type, fields) => ({ "@type": `type.googleapis.com/${type}`, ...fields });
/** @param {string} name @param {object} address */
const cluster = (name, address, more = {}) => ({
  name,
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  ...more,
});

/** @param {string} name @param {object[]} routes @param {object[]} filters */
function listener(name, routes, filters) {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: typed("envoy.extensions.filters.http.router.v3.Router", {}),
  };
  const manager = typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: name,
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [...filters, router],
  });
  const chain = { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] };
  return { name, address: socketAt(name), filter_chains: [chain] };
}

/** @param {number} recorderPort */
function envoyConfig(recorderPort) {
  const limits = [
    { actions: [{ request_headers: { header_name: "x-client", descriptor_key: "client" } }] },
    { actions: [{ generic_key: { descriptor_value: "everybody" } }] },
  ];
  const rateLimit = typed("envoy.extensions.filters.http.ratelimit.v3.RateLimit", {
    domain: "shop",
    failure_mode_deny: true,
    timeout: "0.02s",
    rate_limit_service: { transport_api_version: "V3", grpc_service: { envoy_grpc: { cluster_name: "weir" } } },
  });
  const http2 = typed("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", {
    explicit_http_config: {
      http2_protocol_options: { connection_keepalive: { interval: "0.15s", timeout: "5s" } },
    },
  });
  const options = {
    typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2 },
  };
  return {
    static_resources: {
      listeners: [
        listener(
          "front",
          [{ match: { prefix: "/" }, route: { cluster: "upstream", rate_limits: limits } }],
          [{ name: "envoy.filters.http.ratelimit", typed_config: rateLimit }],
        ),
        listener("upstream", [{ match: { prefix: "/" }, direct_response: { status: 200 } }], []),
      ],
      clusters: [cluster("upstream", socketAt("upstream")), cluster("weir", tcp(recorderPort), options)],
    },
  };
}

/**
 * One request through Envoy.
 * @param {string} client
 * @returns {Promise<number | undefined>} its HTTP status, or -1 when Envoy is not there yet
 */
function ask(client) {
  return new Promise((resolve) => {
    const asked = request(
      { socketPath: join(folder, "front"), path: "/", headers: { "x-client": client } },
      (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      },
    );
    asked.on("error", () => resolve(-1));
    asked.end();
  });
}

async function converse() {
  /** @param {number} status @param {string[]} clients */
  const expect = async (status, ...clients) => {
    const statuses = await Promise.all(clients.map(ask));
    if (statuses.some((got) => got !== status)) throw new Error(`${clients[0]}: ${statuses}, not ${status}`);
  };
  await expect(200, "first");
  await expect(200, "second");
  await expect(429, "limit me");
  await expect(500, "fail");
  await expect(200, ...Array.from({ length: 8 }, (_, at) => `client ${at}`));
  await expect(500, "hang 1", "hang 2", "hang 3");
  await pause(400);
  await expect(200, "a longer key than those before ".repeat(10));
  await expect(200, "last");
}

const server = new GrpcServer({ onFault: console.error });
server.addUnary(METHOD, answer);
const recorder = await startRecorder(await server.listen({ host: "127.0.0.1", port: 0 }));
writeFileSync(join(folder, "envoy.json"), JSON.stringify(envoyConfig(recorder.port)));
const args = ["-c", join(folder, "envoy.json"), "--concurrency", "1", "--disable-hot-restart", "-l", "warn"];
const envoy = spawn(envoyBin, args, { stdio: ["ignore", "inherit", "inherit"] });
try {
  const deadline = Date.now() + 20_000;
  while (!existsSync(join(folder, "front"))) {
    if (Date.now() > deadline) throw new Error("Envoy did not start");
    await pause(50);
  }
  await converse();
} finally {
  envoy.kill();
  await once(envoy, "exit");
  recorder.close();
  await server.shutdown(0);
  rmSync(folder, { recursive: true });
}
if (recorder.connections.length !== 1) throw new Error(`${recorder.connections.length} connections instead of one`);
const bytes = Buffer.concat(recorder.connections[0] ?? []);
const lines = bytes.toString("base64").match(/.{1,100}/g);
writeFileSync(target, `${JSON.stringify({ envoy: "1.40.0", method: METHOD, bytes: lines }, null, 2)}\n`);
console.log(`${bytes.length} bytes of one connection are in ${target}`);
