import type { Registry } from "prom-client";
import { type Sample, ScrapedMetric } from "./scraped-metric.js";

/** What our own HTTP/2 server counts, in the shape in which it does. */
export interface GrpcServerFigures {
  readonly connectionsRefused: number;
  readonly h2: {
    readonly connectionsOpened: number;
    readonly connectionsOpen: number;
    readonly streamsOpened: number;
    readonly streamsOpen: number;
    readonly resetsReceived: number;
    readonly resetsSent: number;
    readonly streamsRefused: number;
    readonly flowStalls: number;
    readonly badPrefaces: number;
    readonly timeouts: Readonly<Record<string, number>>;
    readonly connectionErrors: Readonly<Record<string, number>>;
  };
  readonly calls: {
    /** By status code. */
    readonly statuses: readonly number[];
    readonly cancelled: number;
    readonly notGrpc: number;
  };
  readonly listeners: {
    readonly tlsFailures: number;
    readonly clientNamesRefused: number;
    readonly certificateReloads: number;
    readonly certificateFaults: number;
  };
}

type Row = readonly [
  name: string,
  help: string,
  type: "counter" | "gauge",
  read: (figures: GrpcServerFigures) => number,
];
type LabelledRow = readonly [
  name: string,
  help: string,
  label: string,
  read: (figures: GrpcServerFigures) => Readonly<Record<string, number>>,
];

const ROWS: readonly Row[] = [
  ["connections", "Connections open.", "gauge", ({ h2 }) => h2.connectionsOpen],
  ["connections_opened_total", "Connections accepted.", "counter", ({ h2 }) => h2.connectionsOpened],
  ["connections_refused_total", "Connections refused for being too many.", "counter", (all) => all.connectionsRefused],
  ["bad_prefaces_total", "Connections that did not begin as HTTP/2.", "counter", ({ h2 }) => h2.badPrefaces],
  ["tls_failures_total", "TLS handshakes that failed.", "counter", ({ listeners }) => listeners.tlsFailures],
  [
    "client_names_refused_total",
    "Clients refused for the names in their certificate.",
    "counter",
    (all) => all.listeners.clientNamesRefused,
  ],
  ["certificate_reloads_total", "Certificates reloaded.", "counter", ({ listeners }) => listeners.certificateReloads],
  [
    "certificate_faults_total",
    "Certificates that could not be used.",
    "counter",
    (all) => all.listeners.certificateFaults,
  ],
  ["streams", "Streams open.", "gauge", ({ h2 }) => h2.streamsOpen],
  ["streams_opened_total", "Streams opened.", "counter", ({ h2 }) => h2.streamsOpened],
  ["streams_refused_total", "Streams refused for being too many.", "counter", ({ h2 }) => h2.streamsRefused],
  ["resets_received_total", "Streams reset by clients.", "counter", ({ h2 }) => h2.resetsReceived],
  ["resets_sent_total", "Streams reset by the server.", "counter", ({ h2 }) => h2.resetsSent],
  [
    "flow_stalls_total",
    "Answers that had to wait for a client's flow-control window.",
    "counter",
    ({ h2 }) => h2.flowStalls,
  ],
  [
    "calls_cancelled_total",
    "Calls cancelled by clients before they were answered.",
    "counter",
    ({ calls }) => calls.cancelled,
  ],
  ["not_grpc_total", "Requests that were not gRPC.", "counter", ({ calls }) => calls.notGrpc],
];

const LABELLED_ROWS: readonly LabelledRow[] = [
  ["calls_total", "Calls answered, by gRPC status code.", "code", ({ calls }) => seen(Object.entries(calls.statuses))],
  ["timeouts_total", "Timeouts, by what the client did not do in time.", "what", ({ h2 }) => h2.timeouts],
  [
    "connection_errors_total",
    "Connections closed because of a client's error, by HTTP/2 error code.",
    "code",
    ({ h2 }) => seen(Object.entries(h2.connectionErrors)),
  ],
];

/** Shows the figures of a gRPC server from now on, under `weir_grpc_`. */
export function showGrpcServer(registry: Registry, figures: GrpcServerFigures): void {
  for (const [name, help, type, read] of ROWS) {
    new ScrapedMetric({
      registry,
      name: `weir_grpc_${name}`,
      help,
      type,
      read: () => [{ labels: {}, value: read(figures) }],
    });
  }
  for (const [name, help, label, read] of LABELLED_ROWS) {
    const samples = (): Sample[] =>
      Object.entries(read(figures)).map(([key, value]) => ({ labels: { [label]: key }, value }));
    new ScrapedMetric({ registry, name: `weir_grpc_${name}`, help, type: "counter", read: samples });
  }
}

/** Leaves out what has never happened. */
function seen(counts: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(counts.filter(([, value]) => value > 0));
}
