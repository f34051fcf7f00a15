import { describe, expect, it } from "vitest";
import { limitDefaults } from "../../../src/settings/xds-default-rows.js";
import { readSettings } from "../../../src/settings.js";

const XDS = { WEIR_RULES_FROM: "xds", WEIR_XDS_SERVER: "127.0.0.1:18001" };

function read(env: Record<string, string>) {
  const { settings, errors } = readSettings({ ...XDS, ...env }, []);
  return { errors, defaults: settings === undefined ? undefined : limitDefaults(settings) };
}

describe("defaults of limits that come over xDS", () => {
  it("are none unless they are set", () => {
    expect(read({})).toEqual({ errors: undefined, defaults: { algorithm: [], burst: [], maxDebt: [] } });
  });

  it("are for all domains, or by domain in the order in which they are given", () => {
    const { defaults } = read({
      WEIR_XDS_ALGORITHM: "public/*=fixed_window, token_bucket",
      WEIR_XDS_BURST: "2.5x",
      WEIR_XDS_MAX_DEBT: "a=b/*=0,llm=10x",
    });
    expect(defaults).toEqual({
      algorithm: [
        { pattern: "public/*", value: "fixed_window" },
        { pattern: "*", value: "token_bucket" },
      ],
      burst: [{ pattern: "*", value: { timesRate: 2.5 } }],
      maxDebt: [
        { pattern: "a=b/*", value: { tokens: 0 } },
        { pattern: "llm", value: { timesRate: 10 } },
      ],
    });
  });

  it.each([
    ["WEIR_XDS_ALGORITHM", "leaky_bucket"],
    ["WEIR_XDS_ALGORITHM", "token_bucket,public/*=fixed_window"],
    ["WEIR_XDS_ALGORITHM", "=fixed_window"],
    ["WEIR_XDS_BURST", "0"],
    ["WEIR_XDS_BURST", "0x"],
    ["WEIR_XDS_BURST", "1000001x"],
    ["WEIR_XDS_BURST", "1.5"],
    ["WEIR_XDS_BURST", "public/*="],
    ["WEIR_XDS_BURST", "5,"],
    ["WEIR_XDS_MAX_DEBT", "-1"],
    ["WEIR_XDS_MAX_DEBT", "1000000000000001"],
  ])("are refused by name when they make no sense: %s=%s", (name, text) => {
    expect(read({ [name]: text }).errors).toEqual([expect.stringMatching(new RegExp(`^${name} must be .*, was `))]);
  });

  it("are refused where rules come from files, which say it themselves", () => {
    const { errors } = readSettings({ WEIR_XDS_BURST: "2x" }, []);
    expect(errors).toEqual(["WEIR_XDS_BURST requires WEIR_RULES_FROM=xds"]);
  });
});
