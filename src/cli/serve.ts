import type { App } from "../app.js";
import { createLogger, type Logger } from "../observe/log.js";
import { describeSettings } from "../settings/help.js";
import { readSettings, type Settings } from "../settings.js";
import { StartError } from "../start-error.js";
import { type CliContext, type CliProcess, EXIT_CODE } from "./cli-context.js";

const HELP = `Usage: weir serve [flags]

Answers Envoy's rate limit calls until SIGTERM or SIGINT. Rules are reloaded when their files change, and on SIGHUP;
invalid ones are logged, and the last good ones stay in force. Each setting is a flag or an environment variable;
the flag wins. Durations are written 10ms, 1.5s, 5m or 2h. Variables of envoyproxy/ratelimit, such as RUNTIME_ROOT and
REDIS_URL, apply where no flag and no WEIR_ variable is set (docs/from-envoyproxy-ratelimit.md).

${describeSettings()}`;

/** `weir serve`: runs the server until it is told to stop. Resolves with the exit code. */
export async function serve(argv: readonly string[], context: CliContext): Promise<number> {
  if (argv.includes("--help") || argv.includes("-h")) {
    context.writeOut(HELP);
    return EXIT_CODE.ok;
  }
  const { settings, errors } = readSettings(context.env, argv);
  if (settings === undefined) {
    for (const error of errors) context.writeError(`weir serve: ${error}`);
    context.writeError("weir serve --help lists all settings");
    return EXIT_CODE.usage;
  }
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  exitOnUnexpectedErrors(context.process, logger);
  return await serveUntilStopped(settings, logger, context);
}

async function serveUntilStopped(settings: Settings, logger: Logger, context: CliContext): Promise<number> {
  // Listened for from the start: process 1 of a container ignores signals that nobody listens for.
  const stopRequested = stopSignal(context.process);
  const stopping = new AbortController();
  void stopRequested.then(() => stopping.abort());
  let app: App | undefined;
  context.process.on("SIGHUP", () => app?.reload());
  try {
    app = await context.startApp(settings, stopping.signal);
    await stopRequested;
    await app.stop();
    return EXIT_CODE.ok;
  } catch (error) {
    if (error instanceof StartError) {
      if (stopping.signal.aborted) return EXIT_CODE.ok;
      for (const line of error.lines) context.writeError(line);
      return error.exitCode;
    }
    logger.fatal({ err: error }, "weir failed");
    return EXIT_CODE.failure;
  }
}

/** Resolves on the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(process: CliProcess): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const signalled = () => {
      signals++;
      if (signals === 1) resolve();
      else process.exit(EXIT_CODE.failure);
    };
    process.on("SIGTERM", signalled);
    process.on("SIGINT", signalled);
  });
}

/** After an error that nobody expected nothing is certain: a fresh process serves better. */
function exitOnUnexpectedErrors(process: CliProcess, logger: Logger): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (reason: unknown) => {
      logger.fatal({ err: reason, event }, "weir failed");
      process.exit(EXIT_CODE.failure);
    });
  }
}
