import { CHECK_FLAGS, markDescriptors, readCheckPlan } from "./check/check-arguments.js";
import { asksForServing, readServingPlan } from "./check/serving-arguments.js";
import type { CliContext } from "./cli-context.js";
import { readArguments, refuse } from "./read-arguments.js";

const USAGE = {
  command: "check",
  line: "Usage: weir check [flags] [DOMAIN KEY=VALUE... [--descriptor KEY=VALUE...]...]",
  help: `Asks a running server what Envoy would ask (ShouldRateLimit), and shows its answer. It counts like any request:
what is let through is taken. Each KEY=VALUE is one entry of the descriptor, in order; --descriptor begins another.

  --addr ADDRESS        where it answers gRPC: host:port or unix:/path/to/socket (default 127.0.0.1:8081)
  --hits N              what the request costs (default 1); 0 is a peek, which takes nothing and announces a cost
  --repeat N            ask so many times, one after the other (default 1)
  --timeout DURATION    how long to wait for each answer (default 1s)
  --json                one JSON object a call
  --tls                 over TLS, and so is it with any of the following
  --tls-ca FILE         authorities that the server's certificate must come from, in place of the system's
  --tls-cert FILE       a certificate to show, with --tls-key FILE

Without a domain it asks whether the server wants traffic, and takes nothing: a health check for containers. The server
is the one that the same environment starts (WEIR_GRPC_LISTEN, or /readyz on WEIR_HTTP_LISTEN where gRPC has TLS or a
port of the system's choice), or the one at --addr; --timeout holds, too.

Exit code: 0 when all calls were let through, or the server wants traffic; 1 when one was refused, or it wants none; 2
when the command line makes no sense; 3 when there was no answer.`,
  flags: CHECK_FLAGS,
} as const;

/** `weir check`: asks a running server. Resolves with the exit code. */
export async function check(argv: readonly string[], context: CliContext): Promise<number> {
  const given = readArguments(markDescriptors(argv), USAGE, context);
  if (typeof given === "number") return given;
  // Each half is loaded where it is wanted: a health check runs every few seconds.
  if (asksForServing(given)) {
    const plan = readServingPlan(given.flags, context.env);
    if (typeof plan === "string") return refuse(plan, USAGE, context);
    return await (await import("./check/check-serving.js")).checkServing(plan, context);
  }
  const plan = readCheckPlan(given);
  if (typeof plan === "string") return refuse(plan, USAGE, context);
  const done = await (await import("./check/check-limits.js")).checkLimits(plan, given.flags, context);
  return typeof done === "string" ? refuse(done, USAGE, context) : done;
}
