import { parseArgs } from "node:util";

export const USAGE = `npm run bench -- [options]
  --seconds N             length of one run (default 1.5)
  --rounds N              runs of each row at full load, of which the best counts (default 3)
  --rate N                requests a second of the run at an even pace (default 3000)
  --only WORD[,WORD]      only rows whose name contains one of these words; beside the table of servers there are
                          "weir reload", "bucket-memory", "memory-use", "group-commit" and "matching"
  --peer NAME=HOST:PORT   one more server to compare with, on this machine (again for more of them)
WEIR_* variables reach the servers that are started here.`;

/** Options that cannot be followed, in words. */
export class UsageError extends Error {
  /** @override */
  name = "UsageError";
}

/** @typedef {{ name: string, host: string, port: number }} Peer */

/**
 * @param {string} name
 * @param {string} text
 * @param {number} most
 */
function positive(name, text, most) {
  const value = Number(text);
  if (!(value > 0 && value <= most)) throw new UsageError(`--${name} ${text}: a number above 0, at most ${most}`);
  return value;
}

/**
 * A server to compare with. Only on this machine: a benchmark is no traffic to send anywhere else.
 * @param {string} text
 * @returns {Peer}
 */
function peer(text) {
  const { name, host, port } = /^(?<name>[^=]+)=(?<host>[^=]+):(?<port>\d+)$/.exec(text)?.groups ?? {};
  if (name === undefined || host === undefined) throw new UsageError(`--peer ${text}: NAME=HOST:PORT is wanted`);
  if (!/^(127(\.\d{1,3}){3}|localhost)$/.test(host)) {
    throw new UsageError(`--peer ${text}: only servers on this machine, 127.0.0.1 or localhost`);
  }
  return { name, host, port: positive("peer", port ?? "", 65_535) };
}

/**
 * @param {string[]} args
 * @throws {UsageError}
 */
export function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seconds: { type: "string", default: "1.5" },
        rounds: { type: "string", default: "3" },
        rate: { type: "string", default: "3000" },
        only: { type: "string", default: "" },
        peer: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", default: false },
      },
    });
    return {
      help: values.help,
      seconds: positive("seconds", values.seconds, 60),
      rounds: Math.ceil(positive("rounds", values.rounds, 20)),
      rate: positive("rate", values.rate, 1_000_000),
      only: values.only.split(",").filter((word) => word !== ""),
      peers: values.peer.map(peer),
    };
  } catch (error) {
    // parseArgs throws a TypeError for an option that it does not know.
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
