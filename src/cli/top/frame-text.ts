import { cut, padded, printable } from "./fit.js";
import type { Frame } from "./frame.js";
import type { SeenEntry, SeenLimit } from "./snapshot.js";

/** A line, and how a terminal that can should draw it. */
export interface Line {
  readonly text: string;
  readonly style?: "heading" | "alarm";
}

export interface Size {
  readonly columns: number;
  /** Undefined: as many as it takes. */
  readonly rows?: number | undefined;
}

/** Rows of each table where there is no end to the lines. */
const MOST_ROWS = 20;

/** Right of what a row is about. */
const RATE_COLUMNS = 10;

/** A frame as lines that fit. */
export function frameLines(frame: Frame, { columns, rows }: Size): readonly Line[] {
  const head = [...statusLines(frame), { text: "" }, ...decisionLines(frame, columns), { text: "" }];
  const each = rows === undefined ? MOST_ROWS : Math.max(1, Math.floor((rows - head.length - 8) / 3));
  const lines = [
    ...head,
    ...limitedLines(frame, columns, each),
    { text: "" },
    ...ruleLines(frame, columns, each),
    { text: "" },
    ...overrideLines(frame, each),
  ];
  return lines.slice(0, rows).map(({ text, ...line }) => ({ ...line, text: cut(text, columns).trimEnd() }));
}

function statusLines({ status }: Frame): Line[] {
  const { version, store, rules, enforcement } = status;
  const state = store.breakerOpen ? "breaker open" : store.ready ? "ready" : "not ready";
  const { lastReload } = rules;
  const reload = lastReload === undefined ? "" : `, reload ${lastReload.result} ${clock(lastReload.at)}`;
  const text = `weir ${version}   store ${store.kind} ${state}   ${rules.rules} rules since ${clock(rules.loadedAt)}${reload}`;
  const isRefused = lastReload?.result === "refused" || lastReload?.result === "partial";
  const isWell = store.ready && !store.breakerOpen && !isRefused;
  const lines: Line[] = [{ text: printable(text), ...(isWell ? {} : { style: "alarm" }) }];
  if (lastReload !== undefined && isRefused) {
    const [fault = ""] = (lastReload.faults[0] ?? "").split("\n");
    lines.push({ text: printable(fault), style: "alarm" });
  }
  if (enforcement.paused) {
    const { until = "", who = "", why = "" } = enforcement;
    const words = `ENFORCEMENT IS PAUSED until ${clock(until)} by ${who}: ${why}`;
    lines.push({ text: printable(words), style: "alarm" });
  }
  return lines;
}

/** As many outcomes a line as fit. */
function decisionLines({ decisionsPerSecond, traffic }: Frame, columns: number): Line[] {
  const heading = "decisions/s";
  if (decisionsPerSecond === undefined) return [{ text: `${heading}   (measuring)` }];
  const lines: { text: string }[] = [{ text: heading }];
  for (const outcome of new Set(["ok", "over_limit", ...Object.keys(traffic.decisions)])) {
    const rate = `   ${printable(outcome)} ${rateText(decisionsPerSecond[outcome] ?? 0)}`;
    const last = lines.at(-1);
    if (last !== undefined && last.text.length + rate.length <= columns) last.text += rate;
    else lines.push({ text: `${" ".repeat(heading.length)}${rate}` });
  }
  return lines;
}

function limitedLines({ limited }: Frame, columns: number, most: number): Line[] {
  const [first, second] = split(columns - RATE_COLUMNS, 0.6);
  const heading = `${padded("LIMITED", first)}${padded("RULE", second)}${"REFUSED/S".padStart(RATE_COLUMNS)}`;
  const rows = limited.slice(0, most).map(({ domain, descriptor, rule, refusedPerSecond }) => {
    const who = padded(`${describe(domain, descriptor)} `, first - 1);
    return { text: `${who} ${padded(printable(rule), second)}${rateText(refusedPerSecond).padStart(RATE_COLUMNS)}` };
  });
  return [{ text: heading, style: "heading" }, ...orNone(rows, limited.length)];
}

function ruleLines({ traffic: { rules } }: Frame, columns: number, most: number): Line[] {
  const first = Math.max(10, columns - 2 * RATE_COLUMNS);
  const heading = `${padded("RULES", first)}${"OK/S".padStart(RATE_COLUMNS)}${"REFUSED/S".padStart(RATE_COLUMNS)}`;
  const rows = rules.slice(0, most).map(({ domain, rule, okPerSecond, overLimitPerSecond }) => {
    const rates = [okPerSecond, overLimitPerSecond].map((rate) => rateText(rate).padStart(RATE_COLUMNS));
    return { text: `${padded(printable(`${domain}: ${rule}`), first)}${rates.join("")}` };
  });
  return [{ text: heading, style: "heading" }, ...orNone(rows, rules.length)];
}

function overrideLines({ overrides }: Frame, most: number): Line[] {
  const rows = overrides.slice(0, most).map(({ domain, descriptor, limit, until, who, why }) => {
    const words = `${describeLimit(limit)}, until ${clock(until)}, by ${who}: ${why}`;
    return { text: `${cut(describe(domain, descriptor), 60)}   ${printable(words)}` };
  });
  return [{ text: "OVERRIDES", style: "heading" }, ...orNone(rows, overrides.length)];
}

function orNone(rows: readonly Line[], all: number): Line[] {
  if (all === 0) return [{ text: "none" }];
  return all > rows.length ? [...rows, { text: `and ${all - rows.length} more` }] : [...rows];
}

/** `shop: path=/login > remote_address=192.0.2.7` */
function describe(domain: string, entries: readonly SeenEntry[]): string {
  const words = entries.map(({ key, value, digest }) => `${key}=${value ?? `#${digest ?? ""}`}`).join(" > ");
  return printable(`${domain}: ${words}`);
}

function describeLimit({ unlimited, requestsPerUnit = 0, unit = "", unitMultiplier = 1, burst }: SeenLimit): string {
  if (unlimited === true) return "unlimited";
  const rate = `${requestsPerUnit} per ${unitMultiplier === 1 ? unit : `${unitMultiplier} ${unit}s`}`;
  return burst === undefined ? rate : `${rate}, burst ${burst}`;
}

function rateText(perSecond: number): string {
  return perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** A time of today as a time, of others with the date, in this place's zone. */
function clock(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "?";
  const words = time.toLocaleTimeString("en-GB");
  return time.toDateString() === new Date().toDateString() ? words : `${time.toLocaleDateString("en-CA")} ${words}`;
}

function split(columns: number, share: number): [number, number] {
  const first = Math.max(10, Math.floor(columns * share));
  return [first, Math.max(4, columns - first)];
}
