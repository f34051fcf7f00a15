import { describe, expect, it } from "vitest";
import { xdsOptions } from "../../../src/settings/xds-options.js";
import { readSettings, type Settings } from "../../../src/settings.js";
import { StartError } from "../../../src/start-error.js";
import { TestAuthority } from "../../support/grpc/certificates.js";

const XDS = { WEIR_RULES_FROM: "xds", WEIR_XDS_SERVER: "envoy-gateway:18001" };
const TLS = { ...XDS, WEIR_XDS_TLS: "true" };

/** Settings that must be good. */
function settingsOf(env: Readonly<Record<string, string>>): Settings {
  const { settings, errors } = readSettings(env, []);
  expect(errors).toBeUndefined();
  return settings!;
}

describe("settings about a control plane", () => {
  it("say by default that there is none", () => {
    expect(settingsOf({})).toMatchObject({ rulesFrom: "files", xdsServer: undefined, xdsTls: false });
  });

  it.each([
    [XDS, { xdsServer: { host: "envoy-gateway", port: 18_001 }, xdsNodeId: "weir", xdsStartTimeoutMillis: 60_000 }],
    [{ ...XDS, WEIR_XDS_SERVER: "[::1]:1" }, { xdsServer: { host: "::1", port: 1 } }],
    [
      { ...XDS, WEIR_XDS_START_WITHOUT_RULES: "true" },
      { xdsStartWithoutRules: true, xdsReadyWithoutRules: false },
    ],
    [
      { ...TLS, WEIR_XDS_TLS_CERT: "c", WEIR_XDS_TLS_KEY: "k" },
      { xdsTlsCert: "c", xdsTlsKey: "k" },
    ],
    [{ ...TLS, WEIR_XDS_SERVER_NAME: "plane" }, { xdsServerName: "plane" }],
    [
      { ...XDS, WEIR_XDS_NODE_METADATA: "tier=edge, zone=b=c" },
      {
        xdsNodeMetadata: [
          ["tier", "edge"],
          ["zone", "b=c"],
        ],
      },
    ],
  ])("are taken: %j", (env, expected) => {
    expect(settingsOf(env)).toMatchObject(expected);
  });

  it.each([
    [{ WEIR_RULES_FROM: "xds" }, "WEIR_XDS_SERVER is required when WEIR_RULES_FROM is xds"],
    [{ WEIR_XDS_SERVER: "plane:1" }, "WEIR_XDS_SERVER requires WEIR_RULES_FROM=xds"],
    [{ WEIR_XDS_TLS: "true" }, "WEIR_XDS_TLS requires WEIR_RULES_FROM=xds"],
    [{ ...XDS, WEIR_XDS_TLS_CA: "ca" }, "WEIR_XDS_TLS_CA requires WEIR_XDS_TLS=true"],
    [{ ...XDS, WEIR_XDS_SERVER_NAME: "plane" }, "WEIR_XDS_SERVER_NAME requires WEIR_XDS_TLS=true"],
    [{ ...TLS, WEIR_XDS_TLS_CERT: "c" }, "WEIR_XDS_TLS_CERT and WEIR_XDS_TLS_KEY must be set together"],
    [{ WEIR_XDS_NODE_METADATA: "a=b" }, "WEIR_XDS_NODE_METADATA requires WEIR_RULES_FROM=xds"],
    [{ ...XDS, WEIR_XDS_NODE_METADATA: "tier" }, /^WEIR_XDS_NODE_METADATA must be comma-separated key=value pairs/],
    [{ ...XDS, WEIR_XDS_NODE_METADATA: "a=1,a=2" }, /^WEIR_XDS_NODE_METADATA must be comma-separated key=value pairs/],
    [{ ...XDS, WEIR_XDS_SERVER: "plane" }, /^WEIR_XDS_SERVER must be host:port/],
    [{ ...XDS, WEIR_XDS_SERVER: "plane:0" }, /^WEIR_XDS_SERVER must be host:port/],
    [{ ...XDS, WEIR_XDS_NODE_ID: "" }, /^WEIR_XDS_NODE_ID must be text/],
    [{ ...XDS, WEIR_XDS_KEEPALIVE: "0s" }, /^WEIR_XDS_KEEPALIVE must be a duration/],
  ])("are refused by name: %j", (env, words) => {
    const { errors } = readSettings(env, []);
    expect(errors).toHaveLength(1);
    if (typeof words === "string") expect(errors).toEqual([words]);
    else expect(errors?.[0]).toMatch(words);
  });
});

describe("the way to a control plane", () => {
  it("is what the settings say", () => {
    expect(xdsOptions(settingsOf({ ...XDS, WEIR_XDS_NODE_CLUSTER: "edge" }))).toEqual({
      ...{ server: { host: "envoy-gateway", port: 18_001 }, nodeId: "weir", nodeCluster: "edge" },
      nodeMetadata: [],
      ...{ keepaliveMillis: 360_000, keepaliveTimeoutMillis: 20_000 },
    });
  });

  it("has the files and the name of TLS that were given", () => {
    const authority = new TestAuthority();
    const { certFile, keyFile } = authority.sign("weir");
    expect(xdsOptions(settingsOf(TLS)).tls).toEqual({});
    const files = { WEIR_XDS_TLS_CA: authority.caFile, WEIR_XDS_TLS_CERT: certFile, WEIR_XDS_TLS_KEY: keyFile };
    const settings = settingsOf({ ...TLS, ...files, WEIR_XDS_SERVER_NAME: "plane" });
    expect(xdsOptions(settings).tls).toEqual({ caFile: authority.caFile, certFile, keyFile, serverName: "plane" });
  });

  it("is refused with the name of each file that cannot be used", () => {
    const files = {
      WEIR_XDS_TLS_CA: "/nowhere/ca.crt",
      WEIR_XDS_TLS_CERT: "package.json",
      WEIR_XDS_TLS_KEY: "package.json",
    };
    const settings = settingsOf({ ...TLS, ...files });
    expect(() => xdsOptions(settings)).toThrow(StartError);
    expect(() => xdsOptions(settings)).toThrow(
      /^WEIR_XDS_TLS_CA: the file cannot be read \(ENOENT\)\nWEIR_XDS_TLS_CERT: /,
    );
  });
});
