import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { envoyStat } from "../../support/envoy-stat.js";

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** A stand-in for Envoy's admin interface, whose `/stats` page filters by a regular expression as Envoy's does. */
async function adminWith(stats: Readonly<Record<string, number>>): Promise<string> {
  server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://envoy");
    const filter = new RegExp(searchParams.get("filter") ?? "");
    const lines = Object.entries(stats).filter(([name]) => filter.test(name));
    response.end(lines.map(([name, value]) => `${name}: ${value}\n`).join(""));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a statistic of Envoy", () => {
  it("is the number of that very name", async () => {
    const adminUrl = await adminWith({ "cluster.weir.upstream_rq_timeout": 3, "cluster.weir.upstream_rq_timeouts": 4 });
    expect(await envoyStat(adminUrl, "cluster.weir.upstream_rq_timeout")).toBe(3);
  });

  it("that Envoy does not have is an error, not 0", async () => {
    const adminUrl = await adminWith({ "cluster.weir.upstream_rq_timeout": 3, "cluster.services.membership_total": 1 });
    for (const name of ["cluster.weir.upstream_rq_late", "cluster.services.ratelimit.failures"]) {
      await expect(envoyStat(adminUrl, name)).rejects.toThrow(`Envoy has no statistic ${name}`);
    }
  });

  it("that Envoy creates when it first counts is 0 until then, for a cluster that exists", async () => {
    const adminUrl = await adminWith({ "cluster.services.membership_total": 1, "cluster.services.ratelimit.ok": 7 });
    expect(await envoyStat(adminUrl, "cluster.services.ratelimit.ok")).toBe(7);
    for (const name of ["over_limit", "error", "failure_mode_allowed"])
      expect(await envoyStat(adminUrl, `cluster.services.ratelimit.${name}`)).toBe(0);
    await expect(envoyStat(adminUrl, "cluster.shop.ratelimit.error")).rejects.toThrow("no statistic");
  });
});
