import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/settings.js";
import { environmentOf, helmTemplate, runHelmTemplate, weirOf } from "../support/k8s/manifests.js";

/** What Weir makes of the environment that these values give it. */
const settingsOf = async (values: object): Promise<ReturnType<typeof readSettings>> =>
  readSettings(environmentOf(weirOf(await helmTemplate(values)).container), []);

async function refusal(values: object): Promise<string> {
  const { exitCode, stderr } = await runHelmTemplate(values);
  expect(exitCode).not.toBe(0);
  return stderr;
}

describe("the chart's `settings`", () => {
  it("reach Weir as they are written, large numbers, small fractions and booleans too", async () => {
    const { settings, errors } = await settingsOf({
      settings: {
        WEIR_MEMORY_MAX_BUCKETS: 2_000_000,
        WEIR_DENY_CACHE_SIZE: 1_000_000,
        WEIR_LOCAL_SHARE: 0.00001,
        WEIR_GRPC_MAX_CONCURRENT_STREAMS: 7,
        WEIR_GLOBAL_SHADOW: true,
        WEIR_REDIS_KEY_PREFIX: "1e3",
      },
    });
    expect(errors).toBeUndefined();
    expect(settings).toMatchObject({
      memoryMaxBuckets: 2_000_000,
      denyCacheSize: 1_000_000,
      localShare: 0.00001,
      grpcMaxConcurrentStreams: 7,
      globalShadow: true,
      redisKeyPrefix: "1e3",
    });
  });

  it("are digits even beyond what Weir takes, so that it is Weir which says what is wrong", async () => {
    const { errors } = await settingsOf({ settings: { WEIR_MEMORY_MAX_BUCKETS: 20_000_000 } });
    expect(errors?.join("\n")).toContain("20000000");
  });

  it("are refused where a number has no plain digits", async () => {
    expect(await refusal({ settings: { WEIR_LOCAL_SHARE: 1e-9 } })).toContain("settings.WEIR_LOCAL_SHARE: write 1e-9");
  });

  it("may have Weir listen on IPv6, at the same ports", async () => {
    const listen = { WEIR_GRPC_LISTEN: "[::]:8081", WEIR_HTTP_LISTEN: "[::]:8080" };
    const { settings, errors } = await settingsOf({ settings: listen });
    expect(errors).toBeUndefined();
    expect(settings).toMatchObject({ grpcListen: { host: "::", port: 8081 }, httpListen: { host: "::", port: 8080 } });
  });

  it("may name another certificate where the chart has gRPC speak TLS", async () => {
    const settings = { WEIR_GRPC_TLS_CERT: "/spiffe/svid.pem", WEIR_GRPC_TLS_KEY: "/spiffe/svid_key.pem" };
    const read = await settingsOf({ settings, tls: { secretName: "weir-tls" } });
    expect(read.settings).toMatchObject({ grpcTlsCert: "/spiffe/svid.pem", grpcTlsKey: "/spiffe/svid_key.pem" });
  });
});

describe("the chart refuses with the value to use", () => {
  it.each([
    [{ settings: { WEIR_GRPC_LISTEN: "0.0.0.0:9081" } }, "WEIR_GRPC_LISTEN must be 0.0.0.0:8081 or [::]:8081"],
    [{ settings: { WEIR_GRPC_LISTEN: "127.0.0.1:8081" } }, "WEIR_GRPC_LISTEN must be 0.0.0.0:8081 or [::]:8081"],
    [{ settings: { WEIR_HTTP_LISTEN: "[::]:8081" } }, "WEIR_HTTP_LISTEN must be 0.0.0.0:8080 or [::]:8080"],
    [{ settings: { WEIR_SHUTDOWN_DELAY: "1m" } }, "use shutdown.delay"],
    [{ settings: { WEIR_SHUTDOWN_TIMEOUT: "1m" } }, "use shutdown.timeout"],
    [{ settings: { WEIR_GRPC_TLS_CERT: "/a.crt" } }, "use tls.secretName"],
    [{ settings: { WEIR_GRPC_TLS_KEY: "/a.key" } }, "use tls.secretName"],
    [{ settings: { WEIR_GRPC_TLS_CLIENT_CA: "/ca.crt" } }, "use tls.secretName"],
    [{ tls: { clientCertificates: true } }, "tls.clientCertificates needs tls.secretName"],
    [{ autoscaling: { minReplicas: 4, maxReplicas: 3 } }, "maxReplicas (3) is below autoscaling.minReplicas (4)"],
    [{ shutdown: { gracePeriodSeconds: 25 } }, "may take 25 s: set it to 30"],
    [{ shutdown: { delay: "1m", gracePeriodSeconds: 30 } }, "may take 70 s: set it to 75"],
  ])("%j", async (values, words) => {
    expect(await refusal(values)).toContain(words);
  });
});

describe("the chart's grace period", () => {
  it.each([
    [{ delay: "1m" }, 75],
    [{ timeout: "1.5m" }, 110],
    [{ delay: "500ms", timeout: "0.25m" }, 21],
    [{ delay: "1h", timeout: "1h" }, 7_205],
    [{ gracePeriodSeconds: 26 }, 26],
  ])("with %j is %d s", async (shutdown, seconds) => {
    expect(weirOf(await helmTemplate({ shutdown })).pod.terminationGracePeriodSeconds).toBe(seconds);
  });
});
