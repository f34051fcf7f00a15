import { z } from "zod";
import type { TcpAddress } from "../net/listen-address.js";
import { duration, oneOf, optionalFile, optionalText, readBy, type Setting, yesOrNo } from "./kinds.js";
import { parseTcpAddress } from "./listen-address.js";

type Pair = readonly [key: string, text: string];

/** Where rules come from, and how a control plane that serves them over xDS is reached. Empty texts are not given. */
export interface XdsSettings {
  readonly rulesFrom: "files" | "xds";
  /** Undefined: none is given. */
  readonly xdsServer: TcpAddress | undefined;
  readonly xdsNodeId: string;
  readonly xdsNodeCluster: string;
  readonly xdsNodeMetadata: readonly Pair[];
  readonly xdsTls: boolean;
  /** Files in PEM. */
  readonly xdsTlsCa: string;
  readonly xdsTlsCert: string;
  readonly xdsTlsKey: string;
  readonly xdsServerName: string;
  readonly xdsKeepaliveMillis: number;
  readonly xdsKeepaliveTimeoutMillis: number;
  /** Whether Weir begins to listen before it has rules. */
  readonly xdsStartWithoutRules: boolean;
  /** How long to wait for the first rules where it does not; 0: for ever. */
  readonly xdsStartTimeoutMillis: number;
  /** Whether it is ready then, too. */
  readonly xdsReadyWithoutRules: boolean;
}

function parsePairs(text: string): readonly Pair[] | undefined {
  const parts = text.trim() === "" ? [] : text.split(",").map((part) => part.trim());
  const pairs = parts.map((part): Pair => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]);
  const keys = new Set(pairs.map(([key]) => key));
  return parts.every((part) => part.indexOf("=") > 0) && keys.size === parts.length ? pairs : undefined;
}

/** The rows of the table that are about them. */
export const XDS_ROWS: { readonly [Key in keyof XdsSettings]: Setting<XdsSettings[Key]> } = {
  rulesFrom: {
    name: "rules-from",
    default: "files",
    description: "Where rules come from: the files of WEIR_RULES, or a control plane over xDS, such as Envoy Gateway.",
    ...oneOf("files", "xds"),
  },
  xdsServer: {
    name: "xds-server",
    default: "",
    description: "The address of the control plane that serves the rules.",
    schema: z.union([
      z.literal("").transform(() => undefined),
      z
        .string()
        .transform(parseTcpAddress)
        .refine((address) => address !== undefined && address.port > 0),
    ]),
    mayBe: "host:port, such as envoy-gateway:18001 or [::1]:18001, or empty",
  },
  xdsNodeId: {
    name: "xds-node-id",
    default: "weir",
    description: "The node ID sent to the control plane.",
    schema: z.string().min(1),
    mayBe: "text",
  },
  xdsNodeCluster: {
    name: "xds-node-cluster",
    default: "",
    description: "The node cluster sent to the control plane.",
    ...optionalText("text"),
  },
  xdsNodeMetadata: {
    name: "xds-node-metadata",
    default: "",
    description: "The node metadata sent to the control plane, for those that choose rules by it.",
    ...readBy(parsePairs, "comma-separated key=value pairs, such as tier=edge,zone=b, or empty"),
  },
  xdsTls: {
    name: "xds-tls",
    default: "false",
    description: "Whether to connect to the control plane over TLS.",
    ...yesOrNo,
  },
  xdsTlsCa: {
    name: "xds-tls-ca",
    default: "",
    description:
      "CA bundle (PEM) that verifies the control plane's certificate; if unset, Node's built-in CAs. Reloaded when it changes.",
    ...optionalFile,
  },
  xdsTlsCert: {
    name: "xds-tls-cert",
    default: "",
    description: "Client certificate (PEM) presented to the control plane; reloaded when it changes.",
    ...optionalFile,
  },
  xdsTlsKey: {
    name: "xds-tls-key",
    default: "",
    description: "The private key of that certificate.",
    ...optionalFile,
  },
  xdsServerName: {
    name: "xds-server-name",
    default: "",
    description: "The name that the control plane's certificate must have; if unset, the host's.",
    ...optionalText("the name of a host"),
  },
  xdsKeepaliveMillis: {
    name: "xds-keepalive",
    default: "6m",
    description:
      "Interval of HTTP/2 keepalive pings. Many servers close the connection if pinged more often than every 5m.",
    ...duration("1s", "24h"),
  },
  xdsKeepaliveTimeoutMillis: {
    name: "xds-keepalive-timeout",
    default: "20s",
    description: "How long to wait for a ping's answer before reconnecting.",
    ...duration("1s", "1h"),
  },
  xdsStartWithoutRules: {
    name: "xds-start-without-rules",
    default: "false",
    description:
      "Start listening before the control plane has sent rules; until then requests are answered UNAVAILABLE.",
    ...yesOrNo,
  },
  xdsStartTimeoutMillis: {
    name: "xds-start-timeout",
    default: "1m",
    description: "Without xds-start-without-rules, how long to wait for the first rules before exiting; 0s: forever.",
    ...duration("0s", "24h"),
  },
  xdsReadyWithoutRules: {
    name: "xds-ready-without-rules",
    default: "false",
    description:
      "With xds-start-without-rules, be ready at once too, and not only once the control plane has sent rules.",
    ...yesOrNo,
  },
};
