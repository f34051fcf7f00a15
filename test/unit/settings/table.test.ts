import { describe, expect, it } from "vitest";
import { describeSettings } from "../../../src/settings/help.js";
import { flagOf, SETTING_ROWS, variableOf } from "../../../src/settings/table.js";

const settings = SETTING_ROWS.map(([, setting]) => setting);

describe("the table of settings", () => {
  it("gives each setting a variable and a flag of its own", () => {
    expect(new Set(settings.map(variableOf)).size).toBe(settings.length);
    expect(new Set(settings.map(flagOf)).size).toBe(settings.length);
  });

  it("has no setting by a name that Kubernetes may inject", () => {
    expect(settings.map(variableOf).filter((name) => /^WEIR_(PORT|SERVICE_)/.test(name))).toEqual([]);
  });

  it("has no setting that flags for help would hide", () => {
    expect(settings.map(flagOf)).not.toContain("--help");
  });

  it("describes every setting with its names, its default and what it may be", () => {
    // Long lines go on in the next one, indented further.
    const text = describeSettings().replace(/\n {8}/g, " ");
    for (const setting of settings) {
      expect(text).toContain(
        `  ${flagOf(setting)}, ${variableOf(setting)}\n      ${setting.description}\n` +
          `      May be ${setting.mayBe}.\n      Default: ${setting.default === "" ? "none" : setting.default}`,
      );
    }
  });

  it("keeps to 120 columns", () => {
    for (const line of describeSettings().split("\n")) expect(line).toMatch(/^(.{0,119}\S)?$/);
  });
});
