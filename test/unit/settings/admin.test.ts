import { describe, expect, it } from "vitest";
import { readSettings } from "../../../src/settings.js";

const FILE = { WEIR_ADMIN_TOKEN_FILE: "/run/token" };

describe("the settings of the admin API", () => {
  it("are loopback without a token by default, and nowhere when empty", () => {
    expect(readSettings({}, []).settings).toMatchObject({
      ...{ adminListen: { host: "127.0.0.1", port: 6070 }, adminTokenFile: "", adminHosts: [] },
    });
    expect(readSettings({ WEIR_ADMIN_LISTEN: "" }, []).settings?.adminListen).toBeUndefined();
  });

  it.each(["127.0.0.1:0", "127.9.9.9:6070", "localhost:6070", "[::1]:6070"])("may be %s without a token", (listen) => {
    expect(readSettings({ WEIR_ADMIN_LISTEN: listen }, []).errors).toBeUndefined();
  });

  it.each(["0.0.0.0:6070", "[::]:6070", "10.0.0.1:6070", "weir:6070", "127.example.com:1"])(
    "may be %s only with one",
    (listen) => {
      const words = "WEIR_ADMIN_LISTEN is not on loopback, which requires WEIR_ADMIN_TOKEN_FILE";
      expect(readSettings({ WEIR_ADMIN_LISTEN: listen }, []).errors).toEqual([words]);
      expect(readSettings({ WEIR_ADMIN_LISTEN: listen, ...FILE }, []).errors).toBeUndefined();
    },
  );

  it("name hosts with commas between them, whatever their case", () => {
    const { settings } = readSettings({ WEIR_ADMIN_HOSTS: "Weir.example.com, 10.0.0.5,[fd00::1]" }, []);
    expect(settings?.adminHosts).toEqual(["weir.example.com", "10.0.0.5", "[fd00::1]"]);
  });

  it.each(["a,,b", "http://a", "a:80", "*", "a b", "fd00::1"])("name no such host: %j", (hosts) => {
    expect(readSettings({ WEIR_ADMIN_HOSTS: hosts }, []).errors?.[0]).toMatch(
      /^WEIR_ADMIN_HOSTS must be comma-separated host names/,
    );
  });
});
