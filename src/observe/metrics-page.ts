import { Buffer } from "node:buffer";
import type { Registry } from "prom-client";
import { ScrapedMetric } from "./scraped-metric.js";

/** All metrics in Prometheus' text format. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Does work in small parts, and lets whatever else waits have its turn between them. */
export type InTurns = (parts: Iterable<void>) => Promise<void>;

/** Characters that are put into bytes at once. */
const PIECE_LENGTH = 8_192;

/**
 * Writes the page of a registry, decisions going on meanwhile: tens of thousands of rules make a page of megabytes,
 * which prom-client would write in one go. Scrapes that come together get the same page.
 */
export function createScrape(registry: Registry, inTurns: InTurns): () => Promise<MetricsPage> {
  let current: Promise<MetricsPage> | undefined;
  return () => {
    current ??= writePage(registry, inTurns).finally(() => {
      current = undefined;
    });
    return current;
  };
}

async function writePage(registry: Registry, inTurns: InTurns): Promise<MetricsPage> {
  const pieces: Buffer[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    const metric: unknown = registry.getSingleMetric(name);
    if (metric instanceof ScrapedMetric) {
      await inTurns(putLines(metric.lines(), pieces));
    } else {
      const text = await registry.getSingleMetricAsString(name);
      await inTurns(putLines([`${text}\n`], pieces));
    }
  }
  return { contentType: registry.contentType, body: Buffer.concat(pieces) };
}

function* putLines(lines: Iterable<string>, pieces: Buffer[]): Generator<void> {
  let text = "";
  for (const line of lines) {
    text += line;
    if (text.length >= PIECE_LENGTH) {
      pieces.push(Buffer.from(text));
      text = "";
    }
    yield;
  }
  pieces.push(Buffer.from(text));
}
