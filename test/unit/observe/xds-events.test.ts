import { expect, it } from "vitest";
import type { AdsEvents } from "../../../src/grpc/xds/ads-options.js";
import { createLogger } from "../../../src/observe/log.js";
import { Metrics } from "../../../src/observe/metrics.js";
import { XdsEvents } from "../../../src/observe/xds-events.js";
import { sumOf } from "../../support/metrics-text.js";

function observed() {
  const lines: string[] = [];
  const metrics = new Metrics("1.2.3");
  const logger = createLogger({ level: "info", destination: { write: (line) => lines.push(line) } });
  const events: AdsEvents = new XdsEvents(metrics.registry, logger, "xds://plane:18001");
  const logged = (): { level: string; msg: string; [fact: string]: unknown }[] => lines.map((line) => JSON.parse(line));
  return { events, logged, metrics: () => metrics.registry.metrics() };
}

it("a connection to the control plane is shown while it lasts, and why it was lost", async () => {
  const { events, logged, metrics } = observed();
  expect(sumOf(await metrics(), "weir_xds_connected")).toBe(0);
  events.connected();
  expect(sumOf(await metrics(), "weir_xds_connected")).toBe(1);
  events.disconnected("UNAVAILABLE: gone", 700);
  expect(sumOf(await metrics(), "weir_xds_connected")).toBe(0);
  expect(sumOf(await metrics(), "weir_xds_disconnects_total")).toBe(1);
  expect(logged()).toMatchObject([
    { level: "info", server: "xds://plane:18001" },
    { level: "warn", server: "xds://plane:18001", reason: "UNAVAILABLE: gone", retryMillis: 700 },
  ]);
});

it("updates are counted by what became of them, and those in force have a time", async () => {
  const { events, logged, metrics } = observed();
  const count = async (result: string): Promise<number> => sumOf(await metrics(), "weir_xds_updates_total", { result });
  events.refused("1", { texts: ["bad"], more: 3 });
  events.superseded("2");
  expect(sumOf(await metrics(), "weir_xds_last_acknowledged_timestamp_seconds")).toBe(0);
  events.acknowledged("3");
  events.acknowledged("4");
  expect([await count("refused"), await count("superseded"), await count("acknowledged")]).toEqual([1, 1, 2]);
  const ageSeconds = Date.now() / 1_000 - sumOf(await metrics(), "weir_xds_last_acknowledged_timestamp_seconds");
  expect(ageSeconds).toBeLessThan(10);
  expect(logged().map(({ level, version }) => [level, version])).toEqual([
    ["error", "1"],
    ["info", "2"],
    ["info", "3"],
    ["info", "4"],
  ]);
  expect(logged()[0]).toMatchObject({ server: "xds://plane:18001", faults: ["bad"], more: 3 });
});
