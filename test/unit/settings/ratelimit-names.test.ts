import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RATELIMIT_MAPPINGS, RATELIMIT_VARIABLES } from "../../../src/settings/ratelimit/ratelimit-variables.js";
import { SETTINGS, variableOf } from "../../../src/settings/table.js";

/** The last section of the wire facts: Envoy Gateway's environment, then envoyproxy/ratelimit's own. */
const NAMES = `
  RUNTIME_ROOT RUNTIME_SUBDIRECTORY RUNTIME_IGNOREDOTFILES RUNTIME_WATCH_ROOT LOG_LEVEL USE_STATSD CONFIG_TYPE
  CONFIG_GRPC_XDS_SERVER_URL CONFIG_GRPC_XDS_NODE_ID GRPC_SERVER_USE_TLS GRPC_SERVER_TLS_CERT GRPC_SERVER_TLS_KEY
  GRPC_SERVER_TLS_CA_CERT GRPC_CLIENT_TLS_CACERT CONFIG_GRPC_XDS_SERVER_USE_TLS CONFIG_GRPC_XDS_CLIENT_TLS_CERT
  CONFIG_GRPC_XDS_CLIENT_TLS_KEY CONFIG_GRPC_XDS_SERVER_TLS_CACERT FORCE_START_WITHOUT_INITIAL_CONFIG REDIS_SOCKET_TYPE
  REDIS_URL REDIS_TLS REDIS_TLS_CLIENT_CERT REDIS_TLS_CLIENT_KEY USE_PROMETHEUS PROMETHEUS_ADDR PROMETHEUS_MAPPER_YAML
  TRACING_ENABLED TRACING_SERVICE_NAME TRACING_SERVICE_NAMESPACE TRACING_SERVICE_INSTANCE_ID TRACING_SAMPLING_RATE
  OTEL_EXPORTER_OTLP_ENDPOINT
  HOST PORT DEBUG_HOST DEBUG_PORT GRPC_HOST GRPC_PORT GRPC_UDS GRPC_MAX_CONNECTION_AGE GRPC_MAX_CONNECTION_AGE_GRACE
  GRPC_CLIENT_TLS_SAN LOG_FORMAT RUNTIME_APPDIRECTORY REDIS_TYPE REDIS_AUTH REDIS_TLS_CACERT
  REDIS_TLS_SKIP_HOSTNAME_VERIFICATION REDIS_SENTINEL_AUTH REDIS_POOL_SIZE REDIS_PIPELINE_WINDOW REDIS_PIPELINE_LIMIT
  REDIS_TIMEOUT REDIS_PERSECOND REDIS_PERSECOND_URL BACKEND_TYPE CACHE_KEY_PREFIX EXPIRATION_JITTER_MAX_SECONDS
  LOCAL_CACHE_SIZE_IN_BYTES NEAR_LIMIT_RATIO STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT SHADOW_MODE QUOTA_MODE
  LIMIT_RESPONSE_HEADERS_ENABLED LIMIT_LIMIT_HEADER LIMIT_REMAINING_HEADER LIMIT_RESET_HEADER RESPONSE_DYNAMIC_METADATA
  MERGE_DOMAIN_CONFIG PROMETHEUS_PATH HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED
`
  .trim()
  .split(/\s+/);

describe("the table of names", () => {
  const names = RATELIMIT_VARIABLES.map(({ name }) => name);
  const page = readFileSync(new URL("../../../docs/from-envoyproxy-ratelimit.md", import.meta.url), "utf8");
  /** Rows of the page's table: the names of the first cell, and what the second says. */
  const rows = [...page.matchAll(/^\| ((?:`[A-Z][A-Z0-9_]+`(?:, )?)+)( ¹)? \| (.+?) \|$/gm)].flatMap(
    ([, cell = "", mark, what = ""]) =>
      cell.split(", ").map((name) => ({ name: name.slice(1, -1), isCommon: mark !== undefined, what })),
  );

  it("has every name of the wire facts, and none twice", () => {
    expect(NAMES.filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it("is on the page, name by name", () => {
    expect(rows.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  it("marks on the page the names that others use too", () => {
    const common = RATELIMIT_VARIABLES.filter(({ isCommon }) => isCommon === true).map(({ name }) => name);
    expect(
      rows
        .filter(({ isCommon }) => isCommon)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(common.sort());
  });

  it("names on the page each setting that a name makes, and says of each other name what becomes of it", () => {
    const WORDS = {
      same: /^no difference: /,
      warned: /^a warning: /,
      refused: /refused/,
      with: /^see /,
      settings: /WEIR_/,
    };
    for (const variable of RATELIMIT_VARIABLES) {
      const { what } = rows.find((row) => row.name === variable.name) ?? { what: "" };
      expect(what, variable.name).toMatch(WORDS[variable.fate]);
      if (variable.fate === "with") expect(what, variable.name).toContain(`\`${variable.other}\``);
    }
    for (const { setting, from } of RATELIMIT_MAPPINGS) {
      const [main = ""] = from;
      const { what } = rows.find((row) => row.name === main) ?? { what: "" };
      expect(what, main).toContain(`\`${variableOf(SETTINGS[setting])}\``);
    }
  });

  it("makes settings of all names that it says make some, and of no others", () => {
    const used = new Set(RATELIMIT_MAPPINGS.flatMap(({ from }) => from));
    const making = RATELIMIT_VARIABLES.filter(({ fate }) => fate === "settings").map(({ name }) => name);
    expect([...used].sort()).toEqual(making.sort());
  });
});
