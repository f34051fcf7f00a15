import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/settings.js";

const DEFAULTS = {
  rules: "config/rules",
  rulesPollMillis: 1_000,
  rulesFrom: "files",
  xdsServer: undefined,
  xdsNodeId: "weir",
  xdsNodeCluster: "",
  xdsNodeMetadata: [],
  xdsTls: false,
  xdsTlsCa: "",
  xdsTlsCert: "",
  xdsTlsKey: "",
  xdsServerName: "",
  xdsKeepaliveMillis: 360_000,
  xdsKeepaliveTimeoutMillis: 20_000,
  xdsStartWithoutRules: false,
  xdsStartTimeoutMillis: 60_000,
  xdsReadyWithoutRules: false,
  xdsAlgorithm: [],
  xdsBurst: [],
  xdsMaxDebt: [],
  defaultAlgorithm: "token_bucket",
  store: "memory",
  redisTopology: "single",
  redisUrl: "redis://127.0.0.1:6379",
  redisKeyPrefix: "weir:",
  redisUser: "",
  redisPasswordFile: "",
  redisSentinelMaster: "",
  redisSentinelUser: "",
  redisSentinelPasswordFile: "",
  redisSentinelPassword: "",
  redisTlsCa: "",
  redisTlsCert: "",
  redisTlsKey: "",
  redisTlsServerName: "",
  redisTlsVerifyName: true,
  redisConnectTimeoutMillis: 5_000,
  redisClusterTags: 16,
  redisMaxQueued: 10_000,
  hashKeys: false,
  hashKeysSecretFile: "",
  denyCacheSize: 10_000,
  grpcListen: { host: "0.0.0.0", port: 8081 },
  grpcServer: "native",
  grpcTlsCert: "",
  grpcTlsKey: "",
  grpcSocketMode: 0o660,
  grpcTlsClientCa: "",
  grpcTlsClientSan: [],
  grpcMaxConcurrentStreams: 1000,
  grpcMaxConnectionAgeMillis: 0,
  grpcMaxConnectionAgeGraceMillis: 10_000,
  grpcKeepaliveMillis: 60_000,
  grpcKeepaliveTimeoutMillis: 20_000,
  httpListen: { host: "0.0.0.0", port: 8080 },
  metricsListen: undefined,
  metricsPath: "/metrics",
  adminListen: { host: "127.0.0.1", port: 6070 },
  adminTokenFile: "",
  adminHosts: [],
  onStoreFailure: "error",
  localShare: 1,
  storeTimeoutMillis: 10,
  pendingLapseMillis: 900_000,
  globalShadow: false,
  globalQuota: false,
  responseDynamicMetadata: false,
  responseHeaders: [],
  ruleHeader: "x-weir-rule",
  limitHeader: "ratelimit-limit",
  remainingHeader: "ratelimit-remaining",
  resetHeader: "ratelimit-reset",
  memoryMaxBuckets: 1_000_000,
  readyWithoutStore: false,
  shutdownDelayMillis: 0,
  shutdownTimeoutMillis: 10_000,
  logLevel: "info",
  logFormat: "auto",
  metricsMaxRules: 10_000,
  tracesOtlpEndpoint: "",
  tracesSampleRatio: 0.01,
  tracesServiceName: "weir",
};

describe("settings that are given well", () => {
  it("are the documented defaults when nothing is given", () => {
    expect(readSettings({}, [])).toEqual({ settings: DEFAULTS });
  });

  it.each([
    ["WEIR_RULES", "/etc/weir/a.yaml", { rules: "/etc/weir/a.yaml" }],
    ["WEIR_RULES_POLL", "0s", { rulesPollMillis: 0 }],
    ["WEIR_DEFAULT_ALGORITHM", "fixed_window", { defaultAlgorithm: "fixed_window" }],
    ["WEIR_STORE", "redis", { store: "redis" }],
    ["WEIR_REDIS_URL", "rediss://me:s%2Fe@redis.svc:6380/2", { redisUrl: "rediss://me:s%2Fe@redis.svc:6380/2" }],
    ["WEIR_REDIS_URL", "redis://[::1]:6379", { redisUrl: "redis://[::1]:6379" }],
    ["WEIR_REDIS_URL", "unix:///run/redis.sock", { redisUrl: "unix:///run/redis.sock" }],
    ["WEIR_REDIS_KEY_PREFIX", "", { redisKeyPrefix: "" }],
    ["WEIR_GRPC_LISTEN", "127.0.0.1:0", { grpcListen: { host: "127.0.0.1", port: 0 } }],
    ["WEIR_GRPC_LISTEN", "[::1]:9000", { grpcListen: { host: "::1", port: 9000 } }],
    ["WEIR_GRPC_LISTEN", "unix:/run/weir/grpc.sock", { grpcListen: { path: "/run/weir/grpc.sock" } }],
    ["WEIR_GRPC_SOCKET_MODE", "0600", { grpcSocketMode: 0o600 }],
    ["WEIR_METRICS_LISTEN", "0.0.0.0:19001", { metricsListen: { host: "0.0.0.0", port: 19_001 } }],
    ["WEIR_REDIS_TLS_VERIFY_NAME", "true", {}],
    ["WEIR_RESET_HEADER", "Retry-After", { resetHeader: "retry-after" }],
    ["WEIR_TRACES_SERVICE_NAME", "limits", { tracesServiceName: "limits" }],
    ["WEIR_HTTP_LISTEN", "my-host.local:65535", { httpListen: { host: "my-host.local", port: 65535 } }],
    ["WEIR_ON_STORE_FAILURE", "deny", { onStoreFailure: "deny" }],
    ["WEIR_ON_STORE_FAILURE", "local", { onStoreFailure: "local" }],
    ["WEIR_LOCAL_SHARE", "0.25", { localShare: 0.25 }],
    ["WEIR_DENY_CACHE_SIZE", "0", { denyCacheSize: 0 }],
    ["WEIR_STORE_TIMEOUT", "2.5ms", { storeTimeoutMillis: 2.5 }],
    ["WEIR_STORE_TIMEOUT", "1.1s", { storeTimeoutMillis: 1100 }],
    ["WEIR_PENDING_LAPSE", "1.001s", { pendingLapseMillis: 1001 }],
    ["WEIR_PENDING_LAPSE", "2h", { pendingLapseMillis: 7_200_000 }],
    ["WEIR_GLOBAL_SHADOW", "true", { globalShadow: true }],
    ["WEIR_GLOBAL_QUOTA", "false", { globalQuota: false }],
    ["WEIR_RESPONSE_DYNAMIC_METADATA", "true", { responseDynamicMetadata: true }],
    ["WEIR_MEMORY_MAX_BUCKETS", "1", { memoryMaxBuckets: 1 }],
    ["WEIR_SHUTDOWN_DELAY", "5s", { shutdownDelayMillis: 5000 }],
    ["WEIR_SHUTDOWN_TIMEOUT", "0.5m", { shutdownTimeoutMillis: 30_000 }],
    ["WEIR_LOG_LEVEL", "silent", { logLevel: "silent" }],
    ["WEIR_LOG_FORMAT", "pretty", { logFormat: "pretty" }],
    ["WEIR_METRICS_MAX_RULES", "500", { metricsMaxRules: 500 }],
    ["WEIR_TRACES_OTLP_ENDPOINT", "http://127.0.0.1:4318", { tracesOtlpEndpoint: "http://127.0.0.1:4318" }],
    ["WEIR_TRACES_SAMPLE_RATIO", "0.25", { tracesSampleRatio: 0.25 }],
  ])("are the same from the variable %s=%s and from its flag in both spellings", (variable, text, expected) => {
    const flag = `--${variable.slice("WEIR_".length).toLowerCase().replaceAll("_", "-")}`;
    const settings = { ...DEFAULTS, ...expected };
    expect(readSettings({ [variable]: text }, [])).toEqual({ settings });
    expect(readSettings({}, [`${flag}=${text}`])).toEqual({ settings });
    expect(readSettings({}, [flag, text])).toEqual({ settings });
  });

  it("come from the flag where the environment says otherwise, even wrongly", () => {
    const env = { WEIR_STORE: "memory", WEIR_LOG_LEVEL: "loud" };
    expect(readSettings(env, ["--store=redis", "--log-level", "warn"])).toEqual({
      settings: { ...DEFAULTS, store: "redis", logLevel: "warn" },
    });
  });

  it("come from the last of several equal flags", () => {
    expect(readSettings({}, ["--store=redis", "--store", "memory"])).toEqual({ settings: DEFAULTS });
  });

  it("are true for a yes-or-no flag that stands alone, before another flag as at the end", () => {
    expect(readSettings({}, ["--global-shadow", "--store", "redis", "--global-quota"])).toEqual({
      settings: { ...DEFAULTS, globalShadow: true, store: "redis", globalQuota: true },
    });
    expect(readSettings({}, ["--global-shadow", "false"])).toEqual({ settings: DEFAULTS });
  });

  it("may begin with dashes or hold = when written with =", () => {
    expect(readSettings({}, ["--redis-key-prefix=--a=b"])).toEqual({
      settings: { ...DEFAULTS, redisKeyPrefix: "--a=b" },
    });
  });

  it("leave alone what Kubernetes injects for a Service called weir, and other programs' variables", () => {
    const env = {
      WEIR_PORT: "tcp://10.0.0.7:8081",
      WEIR_PORT_8081_TCP: "tcp://10.0.0.7:8081",
      WEIR_PORT_8081_TCP_ADDR: "10.0.0.7",
      WEIR_SERVICE_HOST: "10.0.0.7",
      WEIR_SERVICE_PORT: "8081",
      WEIR_SERVICE_PORT_GRPC: "8081",
      WEIRD: "yes",
      PATH: "/bin",
      WEIR_STORE: undefined,
    };
    expect(readSettings(env, [])).toEqual({ settings: DEFAULTS });
  });
});

const DURATION_UNITS = "(a number with its unit: ms, s, m or h)";
const ADDRESS = "host:port, such as 0.0.0.0:8081 or [::1]:8081 (port 0: any free one)";
const GRPC_ADDRESS = `${ADDRESS}, or unix:/path/to/socket`;
const REDIS_URL =
  "redis://[user:password@]host[:port][,host[:port]...][/db], rediss:// for TLS, or unix:///path/to/socket";

describe("settings that are given badly", () => {
  it.each([
    ["WEIR_RULES", "", 'must be the path of a file or a folder, was ""'],
    ["WEIR_STORE", "reddis", 'must be memory or redis, was "reddis"'],
    ["WEIR_STORE", "Redis", 'must be memory or redis, was "Redis"'],
    ["WEIR_STORE", "", 'must be memory or redis, was ""'],
    ["WEIR_STORE", "redis\n", 'must be memory or redis, was "redis\\n"'],
    ["WEIR_REDIS_KEY_PREFIX", "{weir}", 'must be text without { and }, or empty, was "{weir}"'],
    ["WEIR_GRPC_LISTEN", ":8081", `must be ${GRPC_ADDRESS}, was ":8081"`],
    ["WEIR_GRPC_LISTEN", "8081", `must be ${GRPC_ADDRESS}, was "8081"`],
    ["WEIR_GRPC_LISTEN", "::1:8081", `must be ${GRPC_ADDRESS}, was "::1:8081"`],
    ["WEIR_GRPC_LISTEN", "[1.2.3.4]:8081", `must be ${GRPC_ADDRESS}, was "[1.2.3.4]:8081"`],
    ["WEIR_GRPC_LISTEN", "1.2.3.400:8081", `must be ${GRPC_ADDRESS}, was "1.2.3.400:8081"`],
    ["WEIR_GRPC_LISTEN", "unix:weir.sock", `must be ${GRPC_ADDRESS}, was "unix:weir.sock"`],
    ["WEIR_GRPC_LISTEN", "unix:/", `must be ${GRPC_ADDRESS}, was "unix:/"`],
    ["WEIR_GRPC_SOCKET_MODE", "666000", 'must be permissions such as 0660, was "666000"'],
    ["WEIR_METRICS_PATH", "metrics", 'must be a path that begins with /, such as /metrics, was "metrics"'],
    [
      "WEIR_LIMIT_HEADER",
      "Content-Length",
      'must be the name of a header, such as x-ratelimit-limit, was "Content-Length"',
    ],
    ["WEIR_HTTP_LISTEN", "0.0.0.0:65536", `must be ${ADDRESS}, was "0.0.0.0:65536"`],
    ["WEIR_HTTP_LISTEN", "a b:80", `must be ${ADDRESS}, was "a b:80"`],
    ["WEIR_ON_STORE_FAILURE", "open", 'must be error, allow, deny or local, was "open"'],
    ["WEIR_LOCAL_SHARE", "0", 'must be a number above 0 and up to 1, such as 0.25, was "0"'],
    ["WEIR_LOCAL_SHARE", "1.01", 'must be a number above 0 and up to 1, such as 0.25, was "1.01"'],
    ["WEIR_LOCAL_SHARE", "25%", 'must be a number above 0 and up to 1, such as 0.25, was "25%"'],
    ["WEIR_DENY_CACHE_SIZE", "1000001", 'must be a whole number from 0 to 1000000, was "1000001"'],
    ["WEIR_HASH_KEYS", "on", 'must be true or false, was "on"'],
    ["WEIR_STORE_TIMEOUT", "10", `must be a duration from 1ms to 1m ${DURATION_UNITS}, was "10"`],
    ["WEIR_STORE_TIMEOUT", "0.5ms", `must be a duration from 1ms to 1m ${DURATION_UNITS}, was "0.5ms"`],
    ["WEIR_STORE_TIMEOUT", "61s", `must be a duration from 1ms to 1m ${DURATION_UNITS}, was "61s"`],
    ["WEIR_PENDING_LAPSE", "-5m", `must be a duration from 1s to 24h ${DURATION_UNITS}, was "-5m"`],
    ["WEIR_PENDING_LAPSE", "1d", `must be a duration from 1s to 24h ${DURATION_UNITS}, was "1d"`],
    ["WEIR_SHUTDOWN_DELAY", "1 s", `must be a duration from 0s to 1h ${DURATION_UNITS}, was "1 s"`],
    ["WEIR_SHUTDOWN_TIMEOUT", "1e3ms", `must be a duration from 0s to 1h ${DURATION_UNITS}, was "1e3ms"`],
    ["WEIR_GLOBAL_SHADOW", "yes", 'must be true or false, was "yes"'],
    ["WEIR_GLOBAL_QUOTA", "1", 'must be true or false, was "1"'],
    ["WEIR_RESPONSE_DYNAMIC_METADATA", "TRUE", 'must be true or false, was "TRUE"'],
    ["WEIR_MEMORY_MAX_BUCKETS", "0", 'must be a whole number from 1 to 16000000, was "0"'],
    ["WEIR_MEMORY_MAX_BUCKETS", "1e6", 'must be a whole number from 1 to 16000000, was "1e6"'],
    ["WEIR_MEMORY_MAX_BUCKETS", "16000001", 'must be a whole number from 1 to 16000000, was "16000001"'],
    ["WEIR_LOG_LEVEL", "fatal", 'must be trace, debug, info, warn, error or silent, was "fatal"'],
  ])("are refused by the name they came under: %s=%j", (variable, text, message) => {
    const flag = `--${variable.slice("WEIR_".length).toLowerCase().replaceAll("_", "-")}`;
    expect(readSettings({ [variable]: text }, [])).toEqual({ errors: [`${variable} ${message}`] });
    expect(readSettings({}, [`${flag}=${text}`])).toEqual({ errors: [`${flag} ${message}`] });
  });

  it.each([
    ["http://me:hunter2@redis", '"http://***"'],
    ["redis://", '"redis://***"'],
    ["redis:hunter2", '"***"'],
    ["redis://me:hunter2@redis:99999", '"redis://***"'],
    ["redis://:%zz@redis", '"redis://***"'],
    ["unix://run/hunter2", '"unix://***"'],
    ["hunter2", '"***"'],
  ])("never show what a Redis URL hides: %s", (url, shown) => {
    expect(readSettings({ WEIR_REDIS_URL: url }, [])).toEqual({
      errors: [`WEIR_REDIS_URL must be ${REDIS_URL}, was ${shown}`],
    });
  });

  it.each([
    [{ WEIR_HASH_KEYS: "true" }],
    [{ WEIR_HASH_KEYS_SECRET_FILE: "/run/secret" }],
    [{ WEIR_HASH_KEYS: "false", WEIR_HASH_KEYS_SECRET_FILE: "/run/secret" }],
  ])("are refused where one needs the other: %j", (env) => {
    const words = "WEIR_HASH_KEYS and WEIR_HASH_KEYS_SECRET_FILE must be set together";
    expect(readSettings(env, [])).toEqual({ errors: [words] });
    const both = { hashKeys: true, hashKeysSecretFile: "/run/secret" };
    expect(readSettings({ WEIR_HASH_KEYS: "true", WEIR_HASH_KEYS_SECRET_FILE: "/run/secret" }, [])).toEqual({
      settings: { ...DEFAULTS, ...both },
    });
  });

  it("never show a URL that stands in another place, or the value of an unknown flag", () => {
    const url = "redis://me:hunter2@redis";
    const argv = ["--redis-ur", url, `--redis=${url}`, "--store", url, "-redis-url", url];
    expect(readSettings({}, argv)).toEqual({
      errors: [
        "--redis-ur is not a setting; did you mean --redis-url?",
        "--redis is not a setting",
        'unexpected argument "-redis-url"',
        'unexpected argument "redis://***"',
        '--store must be memory or redis, was "redis://***"',
      ],
    });
  });

  it.each([
    [{ WEIR_STOER: "redis" }, [], "WEIR_STOER is not a setting; did you mean WEIR_STORE?"],
    [{ WEIR_REDISURL: "x" }, [], "WEIR_REDISURL is not a setting; did you mean WEIR_REDIS_URL?"],
    [{ WEIR_PORTS: "8081" }, [], "WEIR_PORTS is not a setting"],
    [{ WEIR_: "" }, [], "WEIR_ is not a setting"],
    [{}, ["--grpc-port", "1"], "--grpc-port is not a setting"],
    [{}, ["--grpc_lisen", "1"], "--grpc_lisen is not a setting; did you mean --grpc-listen?"],
    [{}, ["--Store=redis"], "--Store is not a setting; did you mean --store?"],
    [{}, ["--store"], "--store needs a value: memory or redis"],
    [{}, ["--store", "--global-shadow"], "--store needs a value: memory or redis"],
    [{}, ["redis"], 'unexpected argument "redis"'],
    [{}, ["--store=redis", "--"], "-- is not a setting"],
  ])("are refused with the nearest name if one is near, or what is missing: %j %j", (env, argv, message) => {
    expect(readSettings(env, argv)).toEqual({ errors: [message] });
  });

  it("are all told at once: unknown names first, then wrong values as the table orders them", () => {
    const env = { WEIR_LOG_LEVEL: "loud", WEIR_STORE: "disk", WEIR_NOPE: "1", WEIR_RULES: "ok" };
    expect(readSettings(env, ["--http-listen=80", "--bogus", "here", "there"])).toEqual({
      errors: [
        "WEIR_NOPE is not a setting; did you mean WEIR_STORE?",
        "--bogus is not a setting",
        'unexpected argument "there"',
        'WEIR_STORE must be memory or redis, was "disk"',
        `--http-listen must be ${ADDRESS}, was "80"`,
        'WEIR_LOG_LEVEL must be trace, debug, info, warn, error or silent, was "loud"',
      ],
    });
  });
});
