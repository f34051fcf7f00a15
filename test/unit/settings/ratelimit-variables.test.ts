import { describe, expect, it } from "vitest";
import { RATELIMIT_VARIABLES } from "../../../src/settings/ratelimit/ratelimit-variables.js";
import { readRatelimitVariables } from "../../../src/settings/ratelimit/read-ratelimit-variables.js";
import { readSettings, type Settings } from "../../../src/settings.js";

/** A name that is envoyproxy/ratelimit's and nobody else's, and changes nothing. */
const MARK = { RUNTIME_WATCH_ROOT: "false" };

const DEFAULTS = readSettings({}, []).settings as Settings;

/** What the names change of the settings. */
function changed(env: Readonly<Record<string, string>>): Partial<Settings> {
  const { settings, errors } = readSettings({ ...MARK, ...env }, []);
  if (settings === undefined) throw new Error(errors.join("\n"));
  const { givenByRatelimit, ...others } = settings;
  const different = Object.entries(others).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULTS[key as keyof Settings]),
  );
  return Object.fromEntries(different);
}

function errorsOf(env: Readonly<Record<string, string>>): readonly string[] {
  return readSettings({ ...MARK, ...env }, []).errors ?? [];
}

/** Where rules and buckets are. */
const PLACES = { WEIR_RULES: "rules", WEIR_STORE: "memory" };

/** The warnings, but for the one about windows, and those about rules and buckets unless the places are not given. */
function warningsOf(env: Readonly<Record<string, string>>, places: Readonly<Record<string, string>> = PLACES) {
  const own = { ...MARK, WEIR_DEFAULT_ALGORITHM: "fixed_window", ...places };
  const { settings, errors } = readSettings({ ...own, ...env }, []);
  if (settings === undefined) throw new Error(errors.join("\n"));
  return settings.givenByRatelimit?.warnings ?? [];
}

const REDIS = { REDIS_SOCKET_TYPE: "tcp", REDIS_URL: "redis.svc:6379", RUNTIME_ROOT: "/data" };
const ON_REDIS = { store: "redis", rules: "/data/config", redisUrl: "redis://redis.svc:6379" };
const TLS = { GRPC_SERVER_USE_TLS: "true", GRPC_SERVER_TLS_CERT: "/c", GRPC_SERVER_TLS_KEY: "/k" };
const ON_TLS = { grpcTlsCert: "/c", grpcTlsKey: "/k" };
const XDS = { CONFIG_TYPE: "GRPC_XDS_SOTW", CONFIG_GRPC_XDS_SERVER_URL: "eg:18001" };
const ON_XDS = { rulesFrom: "xds", xdsServer: { host: "eg", port: 18_001 }, xdsNodeId: "default" };

describe("names of envoyproxy/ratelimit", () => {
  it.each<[Record<string, string>, Partial<Record<keyof Settings, unknown>>]>([
    [{ PORT: "9080" }, { httpListen: { host: "0.0.0.0", port: 9080 } }],
    [{ HOST: "::", PORT: "9080" }, { httpListen: { host: "::", port: 9080 } }],
    [{ HOST: "127.0.0.1" }, { httpListen: { host: "127.0.0.1", port: 8080 } }],
    [{ GRPC_HOST: "::", GRPC_PORT: "9081" }, { grpcListen: { host: "::", port: 9081 } }],
    [{ GRPC_UDS: "/tmp/ratelimit.sock", GRPC_PORT: "9081" }, { grpcListen: { path: "/tmp/ratelimit.sock" } }],
    [{ DEBUG_PORT: "6071" }, { adminListen: { host: "127.0.0.1", port: 6071 } }],
    [{ DEBUG_HOST: "::1" }, { adminListen: { host: "::1", port: 6070 } }],
    [{ GRPC_MAX_CONNECTION_AGE: "1h30m" }, { grpcMaxConnectionAgeMillis: 5_400_000 }],
    [
      { GRPC_MAX_CONNECTION_AGE: "24h", GRPC_MAX_CONNECTION_AGE_GRACE: "0" },
      { grpcMaxConnectionAgeMillis: 86_400_000, grpcMaxConnectionAgeGraceMillis: 86_400_000 },
    ],
    [
      { GRPC_MAX_CONNECTION_AGE: "8760h", GRPC_MAX_CONNECTION_AGE_GRACE: "48h" },
      { grpcMaxConnectionAgeMillis: 2_592_000_000, grpcMaxConnectionAgeGraceMillis: 86_400_000 },
    ],
    [TLS, ON_TLS],
    [{ ...TLS, GRPC_SERVER_USE_TLS: "false" }, {}],
    [
      { ...TLS, GRPC_CLIENT_TLS_CACERT: "/ca" },
      { ...ON_TLS, grpcTlsClientCa: "/ca" },
    ],
    [
      { ...TLS, GRPC_SERVER_TLS_CA_CERT: "/ca" },
      { ...ON_TLS, grpcTlsClientCa: "/ca" },
    ],
    [
      { ...TLS, GRPC_CLIENT_TLS_CACERT: "/ca", GRPC_SERVER_TLS_CA_CERT: "/other", GRPC_CLIENT_TLS_SAN: "envoy" },
      { ...ON_TLS, grpcTlsClientCa: "/ca", grpcTlsClientSan: ["envoy"] },
    ],
    [{ USE_PROMETHEUS: "true" }, { metricsListen: { host: "0.0.0.0", port: 9090 } }],
    [
      { USE_PROMETHEUS: "1", PROMETHEUS_ADDR: ":19001", PROMETHEUS_PATH: "/stats" },
      { metricsListen: { host: "0.0.0.0", port: 19_001 }, metricsPath: "/stats" },
    ],
    [{ PROMETHEUS_ADDR: ":19001", PROMETHEUS_PATH: "/stats" }, {}],
    [{ RUNTIME_ROOT: "/data" }, { rules: "/data/config" }],
    [{ RUNTIME_ROOT: "/data/", RUNTIME_SUBDIRECTORY: "ratelimit" }, { rules: "/data/ratelimit/config" }],
    [{ RUNTIME_SUBDIRECTORY: "ratelimit" }, { rules: "/srv/runtime_data/current/ratelimit/config" }],
    [{ RUNTIME_ROOT: "/data", RUNTIME_APPDIRECTORY: "rules" }, { rules: "/data/rules" }],
    [{ RUNTIME_ROOT: "/data", RUNTIME_APPDIRECTORY: "" }, { rules: "/data" }],
    [{ CONFIG_TYPE: "FILE", CONFIG_GRPC_XDS_SERVER_URL: "eg:18001" }, {}],
    [{ ...XDS, RUNTIME_ROOT: "/data" }, ON_XDS],
    [
      { ...XDS, CONFIG_GRPC_XDS_NODE_METADATA: "tier=edge,zone=b" },
      { ...ON_XDS, xdsNodeMetadata: Object.entries({ tier: "edge", zone: "b" }) },
    ],
    [
      { ...XDS, CONFIG_GRPC_XDS_NODE_METADATA: "key1:val1, key2=val2,key2=val3" },
      { ...ON_XDS, xdsNodeMetadata: Object.entries({ key2: "val3" }) },
    ],
    [{ CONFIG_TYPE: "GRPC_XDS_SOTW" }, { ...ON_XDS, xdsServer: { host: "localhost", port: 18_000 } }],
    [
      { ...XDS, CONFIG_GRPC_XDS_SERVER_URL: "dns:///eg:18001", CONFIG_GRPC_XDS_NODE_ID: "n" },
      { ...ON_XDS, xdsNodeId: "n" },
    ],
    [
      {
        ...XDS,
        CONFIG_GRPC_XDS_SERVER_USE_TLS: "true",
        CONFIG_GRPC_XDS_CLIENT_TLS_CERT: "/c",
        CONFIG_GRPC_XDS_CLIENT_TLS_KEY: "/k",
        CONFIG_GRPC_XDS_SERVER_TLS_CACERT: "/ca",
        CONFIG_GRPC_XDS_SERVER_TLS_SAN: "eg.svc",
      },
      { ...ON_XDS, xdsTls: true, xdsTlsCert: "/c", xdsTlsKey: "/k", xdsTlsCa: "/ca", xdsServerName: "eg.svc" },
    ],
    [{ ...XDS, CONFIG_GRPC_XDS_CLIENT_TLS_CERT: "/c" }, ON_XDS],
    [
      { ...XDS, FORCE_START_WITHOUT_INITIAL_CONFIG: "true" },
      { ...ON_XDS, xdsStartWithoutRules: true, xdsReadyWithoutRules: true },
    ],
    [
      { ...XDS, FORCE_START_WITHOUT_INITIAL_CONFIG: "true", HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: "true" },
      { ...ON_XDS, xdsStartWithoutRules: true },
    ],
    [REDIS, ON_REDIS],
    [
      { ...REDIS, REDIS_SOCKET_TYPE: "unix", REDIS_URL: "/run/a b.sock" },
      { ...ON_REDIS, redisUrl: "unix:///run/a%20b.sock" },
    ],
    [
      { ...REDIS, REDIS_URL: "redis://u:p%40@h:1/3" },
      { ...ON_REDIS, redisUrl: "redis://u:p%40@h:1/3" },
    ],
    [
      { ...REDIS, REDIS_URL: "redis://h:1?username=v&password=q%2F&db=4" },
      { ...ON_REDIS, redisUrl: "redis://v:q%2F@h:1/4" },
    ],
    [
      { ...REDIS, REDIS_URL: "redis://u:p@h:1/3?username=v&password=q&db=4" },
      { ...ON_REDIS, redisUrl: "redis://u:p@h:1/3" },
    ],
    [
      { ...REDIS, REDIS_URL: "redis://:p@h:1?username=v" },
      { ...ON_REDIS, redisUrl: "redis://v:p@h:1" },
    ],
    [
      { ...REDIS, REDIS_AUTH: "pa@ss/w:rd" },
      { ...ON_REDIS, redisUrl: "redis://pa%40ss%2Fw:rd@redis.svc:6379" },
    ],
    [
      { ...REDIS, REDIS_AUTH: "s?cret" },
      { ...ON_REDIS, redisUrl: "redis://:s%3Fcret@redis.svc:6379" },
    ],
    [
      { ...REDIS, REDIS_AUTH: "own", REDIS_URL: "redis://:url@h:1" },
      { ...ON_REDIS, redisUrl: "redis://:own@h:1" },
    ],
    [
      { ...REDIS, REDIS_TLS: "true" },
      { ...ON_REDIS, redisUrl: "rediss://redis.svc:6379" },
    ],
    [
      { ...REDIS, REDIS_URL: "rediss://h:1", REDIS_TLS_CACERT: "/a" },
      { ...ON_REDIS, redisUrl: "rediss://h:1", redisTlsCa: "/a" },
    ],
    [{ ...REDIS, REDIS_TLS_CACERT: "/a", REDIS_TLS_CLIENT_CERT: "/c" }, ON_REDIS],
    [
      {
        ...REDIS,
        REDIS_TLS: "true",
        REDIS_TLS_CLIENT_CERT: "/c",
        REDIS_TLS_CLIENT_KEY: "/k",
        REDIS_TLS_SKIP_HOSTNAME_VERIFICATION: "true",
      },
      {
        ...ON_REDIS,
        redisUrl: "rediss://redis.svc:6379",
        redisTlsCert: "/c",
        redisTlsKey: "/k",
        redisTlsVerifyName: false,
      },
    ],
    [
      { ...REDIS, REDIS_TYPE: "CLUSTER", REDIS_URL: "redis://:p@a:1,redis://:p@b:2" },
      { ...ON_REDIS, redisTopology: "cluster", redisUrl: "redis://:p@a:1,b:2" },
    ],
    [
      { ...REDIS, REDIS_TYPE: "sentinel", REDIS_URL: "mymaster,a:1,b:2", REDIS_AUTH: "p", REDIS_SENTINEL_AUTH: "u:q" },
      {
        ...ON_REDIS,
        redisTopology: "sentinel",
        redisUrl: "redis://:p@a:1,b:2",
        redisSentinelMaster: "mymaster",
        redisSentinelUser: "u",
        redisSentinelPassword: "q",
      },
    ],
    [
      { ...REDIS, REDIS_TYPE: "sentinel", REDIS_URL: "m,redis://:q@a:1" },
      {
        ...ON_REDIS,
        redisTopology: "sentinel",
        redisUrl: "redis://a:1",
        redisSentinelMaster: "m",
        redisSentinelPassword: "q",
      },
    ],
    [
      { ...REDIS, REDIS_TIMEOUT: "2s" },
      { ...ON_REDIS, redisConnectTimeoutMillis: 2_000 },
    ],
    [
      { ...REDIS, REDIS_TIMEOUT: "+.5s" },
      { ...ON_REDIS, redisConnectTimeoutMillis: 500 },
    ],
    [
      { ...REDIS, REDIS_TIMEOUT: "10ms" },
      { ...ON_REDIS, redisConnectTimeoutMillis: 100 },
    ],
    [
      { ...REDIS, REDIS_TIMEOUT: "0" },
      { ...ON_REDIS, redisConnectTimeoutMillis: 60_000 },
    ],
    [
      { ...REDIS, CACHE_KEY_PREFIX: "edge:" },
      { ...ON_REDIS, redisKeyPrefix: "edge:" },
    ],
    [{ BACKEND_TYPE: "redis" }, {}],
    [{ SHADOW_MODE: "true" }, { globalShadow: true }],
    [{ QUOTA_MODE: "T" }, { globalQuota: true }],
    [{ RESPONSE_DYNAMIC_METADATA: "true" }, { responseDynamicMetadata: true }],
    [{ LIMIT_RESPONSE_HEADERS_ENABLED: "true" }, { responseHeaders: ["limit", "remaining", "reset"] }],
    [
      {
        LIMIT_RESPONSE_HEADERS_ENABLED: "true",
        LIMIT_LIMIT_HEADER: "X-Limit",
        LIMIT_REMAINING_HEADER: "X-Left",
        LIMIT_RESET_HEADER: "Retry-After",
      },
      {
        responseHeaders: ["limit", "remaining", "reset"],
        limitHeader: "x-limit",
        remainingHeader: "x-left",
        resetHeader: "retry-after",
      },
    ],
    [{ LIMIT_LIMIT_HEADER: "X-Limit" }, {}],
    [{ LOG_LEVEL: "WARN" }, { logLevel: "warn" }],
    [
      { LOG_LEVEL: "Fatal", LOG_FORMAT: "json" },
      { logLevel: "error", logFormat: "json" },
    ],
    [{ LOG_FORMAT: "text" }, { logFormat: "pretty" }],
    [
      { TRACING_ENABLED: "true", TRACING_SERVICE_NAME: "edge", TRACING_SAMPLING_RATE: "0.5" },
      { tracesOtlpEndpoint: "http://localhost:4318", tracesServiceName: "edge", tracesSampleRatio: 0.5 },
    ],
    [
      { TRACING_ENABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" },
      { tracesOtlpEndpoint: "http://collector:4318", tracesSampleRatio: 1 },
    ],
    [
      { TRACING_ENABLED: "true", TRACING_SAMPLING_RATE: ".25" },
      { tracesOtlpEndpoint: "http://localhost:4318", tracesSampleRatio: 0.25 },
    ],
    [
      { TRACING_ENABLED: "true", TRACING_SAMPLING_RATE: "1e-3" },
      { tracesOtlpEndpoint: "http://localhost:4318", tracesSampleRatio: 0.001 },
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318", TRACING_SAMPLING_RATE: "0.5" }, {}],
    [{ MERGE_DOMAIN_CONFIG: "true", STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: "true" }, {}],
    [{ REDIS_PERSECOND: "false", REDIS_PERSECOND_URL: "other:1", MEMCACHE_HOST_PORT: "m:1" }, {}],
  ])("%j change %j, and nothing else", (env, expected) => {
    expect(changed(env)).toEqual(expected);
  });

  it.each([
    [{ BACKEND_TYPE: "memcache" }, "BACKEND_TYPE must not be memcache: memcached is not supported; use Redis"],
    [{ BACKEND_TYPE: "etcd" }, 'BACKEND_TYPE must be redis or memcache, was "etcd"'],
    [
      { REDIS_PERSECOND: "true" },
      "REDIS_PERSECOND must not be true: Weir uses one Redis (REDIS_URL) for all limits; set it to false to accept that",
    ],
    [{ CONFIG_TYPE: "S3" }, 'CONFIG_TYPE must be file or grpc_xds_sotw, was "S3"'],
    [{ GRPC_PORT: "eighty" }, 'GRPC_PORT must be a port, from 0 to 65535, was "eighty"'],
    [{ PORT: "70000" }, 'PORT must be a port, from 0 to 65535, was "70000"'],
    [{ HOST: "a:b:c:d:80" }, "HOST must be a name or an address without a port"],
    [{ GRPC_UDS: "weir.sock" }, "GRPC_UDS must be a path that begins with /"],
    [{ LOG_LEVEL: "loud" }, 'LOG_LEVEL must be panic, fatal, error, warn, warning, info, debug or trace, was "loud"'],
    [{ SHADOW_MODE: "yes" }, 'SHADOW_MODE must be true or false, was "yes"'],
    [{ REDIS_TIMEOUT: "10" }, 'REDIS_TIMEOUT must be a duration such as 10s, 1h30m or 0, was "10"'],
    [{ GRPC_SERVER_USE_TLS: "true" }, "GRPC_SERVER_USE_TLS requires GRPC_SERVER_TLS_CERT and GRPC_SERVER_TLS_KEY"],
    [{ ...TLS, GRPC_CLIENT_TLS_SAN: "envoy" }, "GRPC_CLIENT_TLS_SAN requires GRPC_CLIENT_TLS_CACERT"],
    [{ USE_PROMETHEUS: "true", PROMETHEUS_ADDR: "19001" }, "PROMETHEUS_ADDR must be host:port or :port"],
    [{ ...REDIS, REDIS_SOCKET_TYPE: "unix" }, "REDIS_URL must be a path when REDIS_SOCKET_TYPE is unix"],
    [
      { ...REDIS, REDIS_URL: "a:1?db=1" },
      "REDIS_URL must be host:port or redis://[user:password@]host:port[/database]",
    ],
    [
      { ...REDIS, REDIS_URL: "redis://:hunter2@a:1?timeout=1" },
      "REDIS_URL may only have username, password and db (a number) in its query",
    ],
    [
      { ...REDIS, REDIS_URL: "redis://:hunter2@a:1?db=x" },
      "REDIS_URL may only have username, password and db (a number) in its query",
    ],
    [
      { USE_CALENDAR_MONTH_RATE_LIMIT: "true" },
      "USE_CALENDAR_MONTH_RATE_LIMIT must not be true: a month always has 30 days in Weir; set it to false to accept that",
    ],
    [{ ...REDIS, REDIS_URL: "a:1,b:2" }, "REDIS_URL must be one address when REDIS_TYPE is SINGLE"],
    [{ ...REDIS, REDIS_TYPE: "sentinel" }, "REDIS_URL must be the master's name and the Sentinels, comma-separated"],
    [
      { ...REDIS, REDIS_TYPE: "cluster", REDIS_URL: "redis://:hunter2@a:1,redis://:other@b:2" },
      "REDIS_URL must have the same user and password for all its hosts",
    ],
    [
      { ...REDIS, REDIS_TLS: "true", REDIS_TLS_CLIENT_CERT: "/c" },
      "REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY must be set together",
    ],
    [{ ...REDIS, CACHE_KEY_PREFIX: "{a}" }, 'CACHE_KEY_PREFIX must be text without { and }, or empty, was "{a}"'],
    [{ ...XDS, CONFIG_GRPC_XDS_SERVER_URL: "http://eg:18001" }, "CONFIG_GRPC_XDS_SERVER_URL must be host:port"],
  ])("are refused by their own name, and without secrets: %j", (env, error) => {
    expect(errorsOf(env)).toEqual([error]);
  });

  it.each([
    ["NEAR_LIMIT_RATIO", "0.9"],
    ["LOCAL_CACHE_SIZE_IN_BYTES", "100"],
    ["EXPIRATION_JITTER_MAX_SECONDS", "0"],
    ["REDIS_POOL_SIZE", "20"],
    ["REDIS_PIPELINE_WINDOW", "150us"],
    ["REDIS_PIPELINE_LIMIT", "8"],
    ["REDIS_HEALTH_CHECK_ACTIVE_CONNECTION", "true"],
    ["USE_STATSD", "true"],
    ["PROMETHEUS_MAPPER_YAML", "/etc/statsd-exporter/conf.yaml"],
    ["XDS_CLIENT_BACKOFF_JITTER", "false"],
    ["DEBUG_HOST", "10.0.0.1"],
    ["FORCE_START_WITHOUT_INITIAL_CONFIG", "true"],
  ])("that are harmless change nothing but a warning: %s=%s", (name, text) => {
    const warnings = warningsOf({ [name]: text });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(new RegExp(`^${name}: `));
    expect(changed({ [name]: text })).toEqual({});
  });

  it("warn of nothing where they say what is so anyway", () => {
    const defaults = RATELIMIT_VARIABLES.filter(({ fate }) => fate !== "settings");
    expect(warningsOf(Object.fromEntries(defaults.map((row) => [row.name, row.default])))).toEqual([]);
  });

  it("tell once how to get windows, unless it is said how limits count", () => {
    const { settings } = readSettings({ ...MARK, ...REDIS }, []);
    expect(settings?.givenByRatelimit?.warnings).toEqual([
      expect.stringContaining("WEIR_DEFAULT_ALGORITHM=fixed_window"),
    ]);
    expect(warningsOf(REDIS)).toEqual([]);
  });

  const NO_FOLDER = expect.stringMatching(
    /^RUNTIME_ROOT is not set, and \/srv\/runtime_data\/current\/config does not exist/,
  );
  const NO_REDIS = expect.stringMatching(/^REDIS_URL is not set: /);

  it("tell where the folder of rules or Redis is not named, whatever else is", () => {
    const { RUNTIME_ROOT: _, ...noFolder } = REDIS;
    expect(warningsOf(noFolder, {})).toEqual([NO_FOLDER]);
    expect(warningsOf({ RUNTIME_ROOT: "/data" }, {})).toEqual([NO_REDIS]);
    expect(warningsOf({ USE_STATSD: "false" }, {})).toEqual([NO_FOLDER, NO_REDIS]);
    expect(warningsOf({ USE_STATSD: "false" })).toEqual([]);
  });

  it("take rules from envoyproxy/ratelimit's default folder where that is there and no other is named", () => {
    const folder = "/srv/runtime_data/current/config";
    const isThere = (path: string): boolean => path === folder;
    const read = (env: Readonly<Record<string, string>>) =>
      readRatelimitVariables({ ...MARK, REDIS_URL: "redis:6379", ...env }, () => undefined, isThere);
    const rulesOf = (env: Readonly<Record<string, string>>) =>
      read(env)?.made.find(({ setting }) => setting === "rules")?.text;
    expect(rulesOf({})).toBe(folder);
    expect(read({})?.warnings).not.toContainEqual(expect.stringContaining("RUNTIME_ROOT"));
    expect(rulesOf({ RUNTIME_ROOT: "/data" })).toBe("/data/config");
    expect(rulesOf(XDS)).toBeUndefined();
  });
});

describe("Envoy Gateway's environment", () => {
  const GATEWAY = {
    ...{ RUNTIME_ROOT: "/data", RUNTIME_SUBDIRECTORY: "ratelimit", RUNTIME_IGNOREDOTFILES: "true" },
    ...{ RUNTIME_WATCH_ROOT: "false", LOG_LEVEL: "info", USE_STATSD: "false", CONFIG_TYPE: "GRPC_XDS_SOTW" },
    ...{ CONFIG_GRPC_XDS_SERVER_URL: "envoy-gateway:18001", CONFIG_GRPC_XDS_NODE_ID: "envoy-ratelimit" },
    ...{ GRPC_SERVER_USE_TLS: "true", GRPC_SERVER_TLS_CERT: "/certs/tls.crt", GRPC_SERVER_TLS_KEY: "/certs/tls.key" },
    ...{ GRPC_SERVER_TLS_CA_CERT: "/certs/ca.crt", CONFIG_GRPC_XDS_SERVER_USE_TLS: "true" },
    CONFIG_GRPC_XDS_CLIENT_TLS_CERT: "/certs/tls.crt",
    CONFIG_GRPC_XDS_CLIENT_TLS_KEY: "/certs/tls.key",
    CONFIG_GRPC_XDS_SERVER_TLS_CACERT: "/certs/ca.crt",
    ...{ FORCE_START_WITHOUT_INITIAL_CONFIG: "true", REDIS_SOCKET_TYPE: "tcp", REDIS_URL: "redis.svc:6379" },
  };

  it("is understood as a whole, with one thing to know", () => {
    expect(changed(GATEWAY)).toEqual({
      ...{ store: "redis", redisUrl: "redis://redis.svc:6379", rulesFrom: "xds" },
      ...{ xdsServer: { host: "envoy-gateway", port: 18_001 }, xdsNodeId: "envoy-ratelimit", xdsTls: true },
      ...{ xdsTlsCert: "/certs/tls.crt", xdsTlsKey: "/certs/tls.key", xdsTlsCa: "/certs/ca.crt" },
      ...{ xdsStartWithoutRules: true, xdsReadyWithoutRules: true },
      ...{ grpcTlsCert: "/certs/tls.crt", grpcTlsKey: "/certs/tls.key", grpcTlsClientCa: "/certs/ca.crt" },
    });
    expect(readSettings(GATEWAY, []).settings?.givenByRatelimit?.warnings).toHaveLength(1);
    expect(
      readSettings({ ...GATEWAY, WEIR_XDS_ALGORITHM: "fixed_window" }, []).settings?.givenByRatelimit?.warnings,
    ).toEqual([]);
  });

  it("with TLS to Redis, metrics and traces is understood too", () => {
    const more = {
      ...{
        REDIS_TLS: "true",
        REDIS_TLS_CLIENT_CERT: "/redis-certs/tls.crt",
        REDIS_TLS_CLIENT_KEY: "/redis-certs/tls.key",
      },
      ...{
        USE_PROMETHEUS: "true",
        PROMETHEUS_ADDR: ":19001",
        PROMETHEUS_MAPPER_YAML: "/etc/statsd-exporter/conf.yaml",
      },
      ...{ TRACING_ENABLED: "true", TRACING_SERVICE_NAME: "envoy-ratelimit", TRACING_SAMPLING_RATE: "1.0" },
      ...{ TRACING_SERVICE_NAMESPACE: "envoy-gateway-system", TRACING_SERVICE_INSTANCE_ID: "envoy-ratelimit-1" },
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    };
    expect(changed({ ...GATEWAY, ...more })).toMatchObject({
      ...{ redisUrl: "rediss://redis.svc:6379", redisTlsCert: "/redis-certs/tls.crt" },
      ...{ metricsListen: { host: "0.0.0.0", port: 19_001 }, tracesOtlpEndpoint: "http://collector:4318" },
      ...{ tracesServiceName: "envoy-ratelimit", tracesSampleRatio: 1 },
    });
  });
});

describe("Weir's own names", () => {
  it("go before those of envoyproxy/ratelimit, even before wrong ones", () => {
    const env = { ...MARK, GRPC_PORT: "wrong", PORT: "9080", SHADOW_MODE: "true", LOG_LEVEL: "loud" };
    const own = { WEIR_GRPC_LISTEN: "127.0.0.1:1", WEIR_LOG_LEVEL: "error" };
    const { settings } = readSettings({ ...env, ...own }, ["--global-shadow=false"]);
    expect(settings).toMatchObject({
      grpcListen: { host: "127.0.0.1", port: 1 },
      httpListen: { port: 9080 },
      globalShadow: false,
      logLevel: "error",
    });
  });

  it("for Redis leave nothing of the other way to Redis", () => {
    const other = { ...REDIS, REDIS_AUTH: "hunter2", REDIS_TLS: "true", REDIS_TLS_CACERT: "/ca", REDIS_TYPE: "bad" };
    const { settings } = readSettings({ ...other, WEIR_REDIS_URL: "redis://own" }, []);
    expect(settings).toMatchObject({ redisUrl: "redis://own", redisTlsCa: "", redisTopology: "single" });
    const many = { ...REDIS, REDIS_URL: "a:1,b:2" };
    expect(readSettings({ ...many, WEIR_REDIS_TOPOLOGY: "cluster" }, []).settings).toMatchObject({
      redisTopology: "cluster",
      redisUrl: "redis://a:1,b:2",
    });
    const file = readSettings({ ...REDIS, REDIS_AUTH: "hunter2", WEIR_REDIS_PASSWORD_FILE: "/p" }, []);
    expect(file.settings).toMatchObject({ redisUrl: "redis://redis.svc:6379", redisPasswordFile: "/p" });
    expect(readSettings({ ...REDIS, WEIR_STORE: "memory" }, []).settings).toMatchObject({
      store: "memory",
      redisUrl: "redis://127.0.0.1:6379",
    });
  });

  it("for rules keep them in files", () => {
    const { settings } = readSettings({ ...XDS, WEIR_RULES: "/rules" }, []);
    expect(settings).toMatchObject({ rulesFrom: "files", rules: "/rules", xdsServer: undefined });
  });
});

describe("environments that are not envoyproxy/ratelimit's", () => {
  it("change nothing by names that it shares with others", () => {
    const env = { HOST: "laptop", PORT: "3000", LOG_LEVEL: "loud", REDIS_URL: "redis://cache", DEBUG_PORT: "9229" };
    expect(readSettings(env, [])).toEqual({ settings: DEFAULTS });
  });

  it("of Kubernetes keep nothing from starting: ports of Services named grpc, debug and redis", () => {
    const env = {
      GRPC_PORT: "tcp://10.0.0.7:8081",
      DEBUG_PORT: "tcp://10.0.0.8:80",
      PORT: "tcp://10.0.0.9:80",
      REDIS_PORT: "tcp://10.0.0.9:6379",
      REDIS_SERVICE_HOST: "10.0.0.9",
      REDIS_PORT_6379_TCP: "tcp://10.0.0.9:6379",
    };
    expect(readSettings(env, [])).toEqual({ settings: DEFAULTS });
    expect(changed(env)).toEqual({});
  });

  it("say nothing by names that are empty", () => {
    const empty = RATELIMIT_VARIABLES.filter(({ mayBeEmpty }) => mayBeEmpty !== true).map(({ name }) => [name, ""]);
    expect(readSettings(Object.fromEntries(empty), [])).toEqual({ settings: DEFAULTS });
  });
});
