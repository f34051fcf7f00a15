import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "./until.js";

/** A real program that a test runs beside itself. */
export interface Program {
  readonly pid: number;
  /** What it has written to stdout and stderr. */
  output(): string;
  /** Undefined while it runs; then its exit code, or the name of the signal that ended it. */
  ended(): number | string | undefined;
  /** SIGTERM to this very process, SIGKILL when it has not ended after 5 s. Gives what `ended` says. */
  stop(): Promise<number | string>;
}

/** How long a program may take to end after SIGTERM. */
const STOP_MS = 5_000;

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a program. It ends with the test's process at the latest. */
export async function launch(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Program> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  await once(child, "spawn");
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = (): number | string | undefined => child.exitCode ?? child.signalCode ?? undefined;
  const closed = once(child, "close").then(() => running.delete(child));
  return {
    pid: child.pid ?? -1,
    output: () => output,
    ended,
    stop: async () => {
      child.kill("SIGTERM");
      const last = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await closed;
      clearTimeout(last);
      return ended() ?? "unknown";
    },
  };
}

/**
 * Waits until a program that was launched is ready, and gives it.
 * @throws Error with the program's own words when it ends before, or is not ready in time; then it has been stopped.
 */
export async function whenReady(program: Program, name: string, isReady: () => Promise<boolean>): Promise<Program> {
  try {
    await until(
      `${name} is ready`,
      async () => {
        const end = program.ended();
        if (end !== undefined) throw new Error(`${name} ended (${end}) before it was ready`);
        return (await isReady()) ? true : undefined;
      },
      20_000,
    );
    return program;
  } catch (cause) {
    await program.stop();
    throw new Error(`${name} did not start. Its words:\n${program.output()}`, { cause });
  }
}
