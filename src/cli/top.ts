import { setTimeout as pause } from "node:timers/promises";
import { NoAdminAnswer } from "./admin/ask-admin.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";
import { readArguments, refuse } from "./read-arguments.js";
import { cut, printable } from "./top/fit.js";
import { type Frame, frameAsJson, frameOf } from "./top/frame.js";
import { frameLines, type Line } from "./top/frame-text.js";
import { Screen } from "./top/screen.js";
import { type Snapshot, takeSnapshot } from "./top/snapshot.js";
import { readTopPlan, TOP_FLAGS, type TopPlan } from "./top/top-arguments.js";

const USAGE = {
  command: "top",
  line: "Usage: weir top [flags]",
  help: `Shows what a running server does, refreshed periodically: decisions per second, who is limited, which rules are met,
overrides, and whether enforcement is paused. In a terminal it redraws in place, and q or Ctrl-C quits; elsewhere it
writes one block after the other.

  --admin URL           the address of its admin API (default http://127.0.0.1:6070)
  --token-file FILE     the token of its admin API, if it requires one
  --interval DURATION   how often to refresh (default 2s)
  --once                write one block after one interval, and exit
  --json                write one JSON object per line

Exit code: 0; 2 when the command line is invalid; 3 when the server did not answer at the beginning.`,
  flags: TOP_FLAGS,
} as const;

/** Where it is not a terminal that says how wide it is. */
const PLAIN_COLUMNS = 120;

/** `weir top`: a live view of a running server. Resolves with the exit code. */
export async function top(argv: readonly string[], context: CliContext): Promise<number> {
  const given = readArguments(argv, USAGE, context);
  if (typeof given === "number") return given;
  const plan = readTopPlan(given);
  if (typeof plan === "string") return refuse(plan, USAGE, context);
  const quit = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) context.process.on(signal, () => quit.abort());
  // Whoever reads this has had enough, such as head.
  process.stdout.once("error", () => quit.abort());
  try {
    const first = await takeSnapshot(plan, quit.signal);
    const isLive = process.stdout.isTTY && !plan.isOnce && !plan.asJson;
    await (isLive ? showLive(plan, first, quit) : writeBlocks(plan, first, quit.signal, context));
    return EXIT_CODE.ok;
  } catch (error) {
    if (quit.signal.aborted) return EXIT_CODE.ok;
    if (!(error instanceof NoAdminAnswer)) throw error;
    context.writeError(`weir top: no answer from ${plan.adminUrl.origin}: ${error.message}`);
    return EXIT_CODE.noAnswer;
  }
}

/** A frame, or why there is none. */
type Look = Frame | NoAdminAnswer;

/** One frame an interval, until the signal. What is answered with an error is one, too: the server may come back. */
async function* look(plan: TopPlan, first: Snapshot, quit: AbortSignal): AsyncGenerator<Look> {
  let before = first;
  while (await waited(plan.intervalMillis, quit)) {
    let next: Look;
    try {
      const snapshot = await takeSnapshot(plan, quit);
      next = frameOf(snapshot, before);
      before = snapshot;
    } catch (error) {
      if (!(error instanceof NoAdminAnswer)) throw error;
      next = error;
    }
    if (quit.aborted) return;
    yield next;
  }
}

/** Whether the time went by: false when it was cut short. */
async function waited(millis: number, quit: AbortSignal): Promise<boolean> {
  try {
    await pause(millis, undefined, { signal: quit });
    return true;
  } catch {
    return false;
  }
}

async function writeBlocks(plan: TopPlan, first: Snapshot, quit: AbortSignal, context: CliContext): Promise<void> {
  for await (const next of look(plan, first, quit)) {
    if (next instanceof NoAdminAnswer) {
      if (plan.isOnce) throw next;
      context.writeError(`weir top: no answer from ${plan.adminUrl.origin}: ${next.message}`);
      continue;
    }
    const columns = process.stdout.columns ?? PLAIN_COLUMNS;
    const text = () => frameLines(next, { columns }).map((line) => line.text);
    context.writeOut(
      plan.asJson
        ? frameAsJson(next)
        : text()
            .concat(plan.isOnce ? [] : [""])
            .join("\n"),
    );
    if (plan.isOnce) return;
  }
}

async function showLive(plan: TopPlan, first: Snapshot, quit: AbortController): Promise<void> {
  let frame = frameOf(first, undefined);
  let failure: NoAdminAnswer | undefined;
  const screen = new Screen(process.stdin, process.stdout, { quit: () => quit.abort(), resize: () => draw() });
  const draw = (): void => {
    const { columns, rows = 24 } = screen.size;
    const last: Line =
      failure === undefined
        ? { text: "q quits", style: "heading" }
        : { text: cut(`no answer: ${printable(failure.message)}(what is shown is old)`, columns), style: "alarm" };
    screen.draw([...frameLines(frame, { columns, rows: rows - 1 }), last]);
  };
  try {
    draw();
    for await (const next of look(plan, first, quit.signal)) {
      failure = next instanceof NoAdminAnswer ? next : undefined;
      if (!(next instanceof NoAdminAnswer)) frame = next;
      draw();
    }
  } finally {
    screen.close();
  }
}
