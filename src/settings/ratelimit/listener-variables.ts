import { formatAddress, isLoopback } from "../../net/listen-address.js";
import { parseTcpAddress } from "../listen-address.js";
import { anyText, goBoolean, goDuration, port } from "./go-kinds.js";
import { readGoDuration } from "./go-texts.js";
import { goesWith, makesSettings } from "./rows.js";
import { type RatelimitPart, type RatelimitValues, RatelimitVariableError } from "./variable.js";

const ANY_HOST = "0.0.0.0";
const LONGEST_AGE_MILLIS = 720 * 3_600_000;
const LONGEST_GRACE_MILLIS = 24 * 3_600_000;
const COMMON = { isCommon: true } as const;

/** Where ER listens. */
export const LISTENER_VARIABLES: RatelimitPart = {
  variables: [
    makesSettings("HOST", anyText, ANY_HOST, COMMON),
    makesSettings("PORT", port, "8080", COMMON),
    makesSettings("DEBUG_HOST", anyText, ANY_HOST, COMMON),
    makesSettings("DEBUG_PORT", port, "6070", COMMON),
    makesSettings("GRPC_HOST", anyText, ANY_HOST),
    makesSettings("GRPC_PORT", port, "8081"),
    makesSettings("GRPC_UDS", anyText, ""),
    makesSettings("GRPC_MAX_CONNECTION_AGE", goDuration, "24h"),
    makesSettings("GRPC_MAX_CONNECTION_AGE_GRACE", goDuration, "1h"),
    makesSettings("GRPC_SERVER_USE_TLS", goBoolean, "false"),
    makesSettings("GRPC_SERVER_TLS_CERT", anyText, ""),
    makesSettings("GRPC_SERVER_TLS_KEY", anyText, ""),
    makesSettings("GRPC_CLIENT_TLS_CACERT", anyText, ""),
    makesSettings("GRPC_SERVER_TLS_CA_CERT", anyText, ""),
    makesSettings("GRPC_CLIENT_TLS_SAN", anyText, ""),
    makesSettings("USE_PROMETHEUS", goBoolean, "false"),
    makesSettings("PROMETHEUS_ADDR", anyText, ":9090"),
    makesSettings("PROMETHEUS_PATH", anyText, "/metrics"),
    goesWith("PROTO", "HOST", COMMON),
  ],
  mappings: [
    { setting: "httpListen", from: ["PORT", "HOST"], make: (er) => address(er, "HOST", "PORT") },
    { setting: "adminListen", from: ["DEBUG_PORT", "DEBUG_HOST"], make: adminAddress },
    { setting: "grpcListen", from: ["GRPC_UDS", "GRPC_PORT", "GRPC_HOST"], make: grpcAddress },
    {
      setting: "grpcMaxConnectionAgeMillis",
      from: ["GRPC_MAX_CONNECTION_AGE"],
      make: (er) => millis(er, "GRPC_MAX_CONNECTION_AGE", LONGEST_AGE_MILLIS),
    },
    {
      setting: "grpcMaxConnectionAgeGraceMillis",
      from: ["GRPC_MAX_CONNECTION_AGE_GRACE"],
      make: (er) => {
        const grace = millis(er, "GRPC_MAX_CONNECTION_AGE_GRACE", LONGEST_GRACE_MILLIS);
        return grace === "0ms" ? "24h" : grace;
      },
    },
    { setting: "grpcTlsCert", from: ["GRPC_SERVER_TLS_CERT", "GRPC_SERVER_USE_TLS"], make: certificate },
    { setting: "grpcTlsKey", from: ["GRPC_SERVER_TLS_KEY"], make: (er) => overTls(er, "GRPC_SERVER_TLS_KEY") },
    {
      setting: "grpcTlsClientCa",
      from: ["GRPC_CLIENT_TLS_CACERT", "GRPC_SERVER_TLS_CA_CERT"],
      make: (er) => overTls(er, "GRPC_CLIENT_TLS_CACERT") ?? overTls(er, "GRPC_SERVER_TLS_CA_CERT"),
    },
    { setting: "grpcTlsClientSan", from: ["GRPC_CLIENT_TLS_SAN"], make: (er) => overTls(er, "GRPC_CLIENT_TLS_SAN") },
    { setting: "metricsListen", from: ["PROMETHEUS_ADDR", "USE_PROMETHEUS"], make: metricsAddress },
    {
      setting: "metricsPath",
      from: ["PROMETHEUS_PATH"],
      make: (er) => (er.isTrue("USE_PROMETHEUS") ? er.text("PROMETHEUS_PATH") : undefined),
    },
  ],
};

function address(er: RatelimitValues, host: string, portName: string): string {
  const text = formatAddress({ host: er.text(host), port: Number(er.text(portName)) });
  if (parseTcpAddress(text) !== undefined) return text;
  throw new RatelimitVariableError(`${host} must be a name or an address without a port`);
}

function grpcAddress(er: RatelimitValues): string {
  const path = er.text("GRPC_UDS");
  if (path === "") return address(er, "GRPC_HOST", "GRPC_PORT");
  if (!path.startsWith("/")) throw new RatelimitVariableError("GRPC_UDS must be a path that begins with /");
  return `unix:${path}`;
}

/** ER's debug server is open to all, and shows rules at most. Weir's admin API changes limits. */
function adminAddress(er: RatelimitValues): string {
  const host = er.text("DEBUG_HOST");
  if (!isLoopback(host) && host !== ANY_HOST) {
    er.warn("DEBUG_HOST: the admin API stays on loopback, unless WEIR_ADMIN_LISTEN and WEIR_ADMIN_TOKEN_FILE are set");
  }
  return formatAddress({ host: isLoopback(host) ? host : "127.0.0.1", port: Number(er.text("DEBUG_PORT")) });
}

function metricsAddress(er: RatelimitValues): string | undefined {
  if (!er.isTrue("USE_PROMETHEUS")) return undefined;
  const given = er.text("PROMETHEUS_ADDR");
  const text = given.startsWith(":") ? `${ANY_HOST}${given}` : given;
  if (parseTcpAddress(text) !== undefined) return text;
  throw new RatelimitVariableError("PROMETHEUS_ADDR must be host:port or :port");
}

function certificate(er: RatelimitValues): string | undefined {
  if (!er.isTrue("GRPC_SERVER_USE_TLS")) return undefined;
  const isWhole =
    er.isGiven("GRPC_SERVER_TLS_CERT") && (er.isGiven("GRPC_SERVER_TLS_KEY") || er.set("grpcTlsKey") !== undefined);
  if (isWhole) return er.text("GRPC_SERVER_TLS_CERT");
  throw new RatelimitVariableError("GRPC_SERVER_USE_TLS requires GRPC_SERVER_TLS_CERT and GRPC_SERVER_TLS_KEY");
}

function overTls(er: RatelimitValues, name: string): string | undefined {
  const isTls = er.isTrue("GRPC_SERVER_USE_TLS") || er.set("grpcTlsCert") !== undefined;
  return isTls && er.isGiven(name) ? er.text(name) : undefined;
}

/** @param most what the setting may be: more makes no difference to anybody */
function millis(er: RatelimitValues, name: string, most: number): string {
  return `${Math.min(readGoDuration(er.text(name)) ?? 0, most)}ms`;
}
