import { setTimeout as pause } from "node:timers/promises";
import type { Envoy } from "./envoy.js";
import { GrpcClient, type Message } from "./grpc-client.js";
import type { WeirProcess } from "./weir-process.js";

const PAUSE_MILLIS = 50;

/** Descriptors of the shipped rules in which each kind of decision has its share: key, value, hits. */
const ASKED: readonly (readonly [key: string, value: string, hits: number])[] = [
  ["api_key", "partner-acme", 3],
  ["api_key", "leaked-0815", 1],
  ["api_key", "leaked-0815", 1],
  ["path", "/old.php", 1],
  ["path", "/old.php", 1],
  ["path", "/beta/new", 1],
  ["path", "/health", 1],
  ["path", "/no/such/rule", 1],
  // More than the rule's burst.
  ["remote_address", "198.51.100.1", 50],
];

/** Requests to these Weirs, and some through Envoy, a round each 50 ms until `stop`. What they are answered is all the same. */
export function startTraffic(weirs: readonly WeirProcess[], envoy: Envoy): { stop(): Promise<void> } {
  const clients = weirs.map(({ grpcPort }) => new GrpcClient(grpcPort));
  let isOver = false;
  let round = 0;
  const flow = async (): Promise<void> => {
    while (!isOver) {
      const requests = requestsOf(round++);
      const asked = clients.flatMap((client) => requests.map((request) => client.shouldRateLimit(request)));
      await Promise.allSettled([...asked, envoy.get("/health"), envoy.get("/")]);
      await pause(PAUSE_MILLIS);
    }
  };
  const flowing = flow();
  return {
    stop: async () => {
      isOver = true;
      await flowing;
      for (const client of clients) client.close();
    },
  };
}

function requestsOf(round: number): Message[] {
  const descriptor = (key: string, value: string, hits = 1): Message => ({
    entries: [{ key, value }],
    hits_addend: { value: hits },
  });
  const requests = ASKED.map(([key, value, hits]) => ({ domain: "shop", descriptors: [descriptor(key, value, hits)] }));
  const newcomers = [0, 1, 2].map((index) => descriptor("client", `${round}-${index}`));
  return [...requests, { domain: "clients", descriptors: newcomers }, { domain: "unknown", descriptors: newcomers }];
}
