import { CASES, peerCases } from "./cases.mjs";
import { listenerPid } from "./process-cpu.mjs";

const HOST = "127.0.0.1";

/** @typedef {import("./servers.mjs").Servers} Servers */
/** @typedef {{ host: string, port: number, pid?: number | undefined, redisPid?: number | undefined }} Address */
/** @typedef {Omit<import("./cases.mjs").Case, "server" | "instance"> & Address} Row a case with a server that runs */

/**
 * Whether --only leaves a row.
 * @param {readonly string[]} only
 * @param {string} name
 */
export function isWanted(only, name) {
  return only.length === 0 || only.some((word) => name.includes(word));
}

/**
 * @param {Servers} servers
 * @param {import("./cases.mjs").Case["server"]} server
 * @returns {Promise<Address>}
 */
async function start(servers, server) {
  const memory = { WEIR_STORE: "memory" };
  switch (server) {
    case "plain":
      return { host: HOST, ...(await servers.plain()) };
    case "native":
      return { host: HOST, ...(await servers.weir({ ...memory, WEIR_GRPC_SERVER: "native" })) };
    case "grpc-js":
      return { host: HOST, ...(await servers.weir({ ...memory, WEIR_GRPC_SERVER: "grpc-js" })) };
    case "redis": {
      const { port, pid: redisPid } = await servers.redis();
      const url = `redis://${HOST}:${port}`;
      const weir = await servers.weir({ WEIR_STORE: "redis", WEIR_REDIS_URL: url, WEIR_GRPC_SERVER: "native" });
      return { host: HOST, ...weir, redisPid };
    }
  }
}

/**
 * Starts the servers that the wanted rows need, each once.
 * @param {ReturnType<typeof import("./options.mjs").readOptions>} options
 * @param {Servers} servers
 * @returns {Promise<Row[]>}
 */
export async function startRows({ only, peers }, servers) {
  /** @type {Map<string, Address>} */
  const started = new Map();
  /** @type {Row[]} */
  const rows = [];
  for (const { server, instance = "", ...row } of CASES.filter(({ name }) => isWanted(only, name))) {
    const id = `${server} ${instance}`;
    const address = started.get(id) ?? (await start(servers, server));
    started.set(id, address);
    rows.push({ ...row, ...address });
  }
  for (const { name, host, port } of peers) {
    const wanted = peerCases(name).filter((row) => isWanted(only, row.name));
    rows.push(...wanted.map((row) => ({ ...row, host, port, pid: listenerPid(port) })));
  }
  return rows;
}
