import { join } from "node:path";
import { anyText, goBoolean, goDuration, goNumber, word } from "./go-kinds.js";
import { goesWith, isSame, isWarned, makesSettings } from "./rows.js";
import { type RatelimitPart, type RatelimitValues, RatelimitVariableError } from "./variable.js";

const BACKOFF = "not used: Weir reconnects to the control plane with exponential backoff of its own, up to 30 s";

/** Where ER's rules come from. */
export const RULES_VARIABLES: RatelimitPart = {
  variables: [
    makesSettings("CONFIG_TYPE", word("file", "grpc_xds_sotw"), "FILE"),
    makesSettings("RUNTIME_ROOT", anyText, "/srv/runtime_data/current"),
    makesSettings("RUNTIME_SUBDIRECTORY", anyText, "", { mayBeEmpty: true }),
    makesSettings("RUNTIME_APPDIRECTORY", anyText, "config", { mayBeEmpty: true }),
    isSame("RUNTIME_WATCH_ROOT", goBoolean, "true"),
    isSame("RUNTIME_IGNOREDOTFILES", goBoolean, "false"),
    isSame("MERGE_DOMAIN_CONFIG", goBoolean, "false"),
    makesSettings("FORCE_START_WITHOUT_INITIAL_CONFIG", goBoolean, "false"),
    makesSettings("HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED", goBoolean, "false"),
    makesSettings("CONFIG_GRPC_XDS_SERVER_URL", anyText, "localhost:18000"),
    makesSettings("CONFIG_GRPC_XDS_NODE_ID", anyText, "default"),
    makesSettings("CONFIG_GRPC_XDS_SERVER_USE_TLS", goBoolean, "false"),
    makesSettings("CONFIG_GRPC_XDS_CLIENT_TLS_CERT", anyText, ""),
    makesSettings("CONFIG_GRPC_XDS_CLIENT_TLS_KEY", anyText, ""),
    makesSettings("CONFIG_GRPC_XDS_SERVER_TLS_CACERT", anyText, ""),
    makesSettings("CONFIG_GRPC_XDS_SERVER_TLS_SAN", anyText, ""),
    makesSettings("CONFIG_GRPC_XDS_NODE_METADATA", anyText, ""),
    isWarned("CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS", anyText, "", "not sent to the control plane"),
    isWarned("CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL", goDuration, "3s", BACKOFF),
    isWarned("XDS_CLIENT_BACKOFF_INITIAL_INTERVAL", goDuration, "10s", BACKOFF),
    isWarned("XDS_CLIENT_BACKOFF_MAX_INTERVAL", goDuration, "60s", BACKOFF),
    isWarned("XDS_CLIENT_BACKOFF_RANDOM_FACTOR", goNumber, "0.5", BACKOFF),
    isWarned("XDS_CLIENT_BACKOFF_JITTER", goBoolean, "true", BACKOFF),
    goesWith("XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES", "CONFIG_TYPE"),
  ],
  mappings: [
    { setting: "rulesFrom", from: ["CONFIG_TYPE"], unlessSet: ["rules"], make: (er) => (isXds(er) ? "xds" : "files") },
    {
      setting: "rules",
      from: ["RUNTIME_ROOT", "RUNTIME_SUBDIRECTORY", "RUNTIME_APPDIRECTORY"],
      isAlways: true,
      make: (er) => (isXds(er) ? undefined : folderOf(er)),
    },
    { setting: "xdsServer", from: ["CONFIG_GRPC_XDS_SERVER_URL", "CONFIG_TYPE"], make: (er) => ifXds(er, server) },
    {
      setting: "xdsNodeId",
      from: ["CONFIG_GRPC_XDS_NODE_ID", "CONFIG_TYPE"],
      make: (er) => ifXds(er, () => er.text("CONFIG_GRPC_XDS_NODE_ID")),
    },
    {
      setting: "xdsNodeMetadata",
      from: ["CONFIG_GRPC_XDS_NODE_METADATA"],
      make: (er) => ifXds(er, nodeMetadata),
    },
    {
      setting: "xdsTls",
      from: ["CONFIG_GRPC_XDS_SERVER_USE_TLS"],
      make: (er) => ifXds(er, () => String(er.isTrue("CONFIG_GRPC_XDS_SERVER_USE_TLS"))),
    },
    ...(
      [
        ["xdsTlsCert", "CONFIG_GRPC_XDS_CLIENT_TLS_CERT"],
        ["xdsTlsKey", "CONFIG_GRPC_XDS_CLIENT_TLS_KEY"],
        ["xdsTlsCa", "CONFIG_GRPC_XDS_SERVER_TLS_CACERT"],
        ["xdsServerName", "CONFIG_GRPC_XDS_SERVER_TLS_SAN"],
      ] as const
    ).map(([setting, name]) => ({
      setting,
      from: [name],
      make: (er: RatelimitValues) =>
        ifXds(er, () => (er.isTrue("CONFIG_GRPC_XDS_SERVER_USE_TLS") ? er.text(name) : undefined)),
    })),
    {
      setting: "xdsStartWithoutRules",
      from: ["FORCE_START_WITHOUT_INITIAL_CONFIG"],
      make: startWithoutRules,
    },
    {
      setting: "xdsReadyWithoutRules",
      from: ["FORCE_START_WITHOUT_INITIAL_CONFIG", "HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED"],
      make: (er) =>
        ifXds(er, () =>
          String(
            er.isTrue("FORCE_START_WITHOUT_INITIAL_CONFIG") && !er.isTrue("HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED"),
          ),
        ),
    },
  ],
};

/** Where Weir's own names say that rules are in files, ER's cannot make them come from elsewhere. */
function isXds(er: RatelimitValues): boolean {
  const rulesFrom = er.set("rulesFrom");
  if (rulesFrom !== undefined) return rulesFrom === "xds";
  return er.set("rules") === undefined && er.text("CONFIG_TYPE").toLowerCase() === "grpc_xds_sotw";
}

function ifXds(er: RatelimitValues, make: (er: RatelimitValues) => string | undefined): string | undefined {
  return isXds(er) ? make(er) : undefined;
}

function folderOf(er: RatelimitValues): string | undefined {
  const parts = ["RUNTIME_ROOT", "RUNTIME_SUBDIRECTORY", "RUNTIME_APPDIRECTORY"];
  const folder = join(...parts.map((name) => er.text(name)));
  // Whoever gives none of them may count on ER's own folder.
  if (parts.some((name) => er.isGiven(name)) || er.isThere(folder)) return folder;
  er.warn(`RUNTIME_ROOT is not set, and ${folder} does not exist: rules are read from Weir's own folder (WEIR_RULES)`);
  return undefined;
}

/** ER leaves out what is no pair, and of a key that is there twice the last one counts. */
function nodeMetadata(er: RatelimitValues): string {
  const parts = er
    .text("CONFIG_GRPC_XDS_NODE_METADATA")
    .split(",")
    .map((part) => part.trim());
  const pairs = new Map(parts.filter((part) => part.indexOf("=") > 0).map((part) => [part.split("=", 1)[0], part]));
  if (pairs.size < parts.length) {
    er.warn("CONFIG_GRPC_XDS_NODE_METADATA: parts that are not key=value, and keys given twice, are left out");
  }
  return [...pairs.values()].join(",");
}

/** gRPC's way to say that the name is to be looked up by DNS is the only way there is here. */
function server(er: RatelimitValues): string {
  const text = er.text("CONFIG_GRPC_XDS_SERVER_URL").replace(/^(?:dns|passthrough):(?:\/\/\/)?/, "");
  if (/^[^/\s]+:\d{1,5}$/.test(text)) return text;
  throw new RatelimitVariableError("CONFIG_GRPC_XDS_SERVER_URL must be host:port");
}

function startWithoutRules(er: RatelimitValues): string | undefined {
  const isForced = er.isTrue("FORCE_START_WITHOUT_INITIAL_CONFIG");
  if (isXds(er)) return String(isForced);
  if (isForced) er.warn("FORCE_START_WITHOUT_INITIAL_CONFIG: rules in files must exist at startup");
  return undefined;
}
