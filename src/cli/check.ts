import { CHECK_FLAGS, markDescriptors, readCheckPlan } from "./check/check-arguments.js";
import { asksForServing, readServingPlan } from "./check/serving-arguments.js";
import type { CliContext } from "./cli-context.js";
import { readArguments, refuse } from "./read-arguments.js";

const USAGE = {
  command: "check",
  line: "Usage: weir check [flags] [DOMAIN KEY=VALUE... [--descriptor KEY=VALUE...]...]",
  help: `Asks a running server as Envoy would (ShouldRateLimit) and shows its answer. The request counts like any other: if it
is let through, its limits are charged. Each KEY=VALUE is one entry of the descriptor, in order; --descriptor starts
another one.

  --addr ADDRESS        the server's gRPC address: host:port or unix:/path/to/socket (default 127.0.0.1:8081)
  --hits N              what the request costs (default 1); 0 is a peek, which takes nothing and announces a cost
  --repeat N            how many requests to send, one after the other (default 1)
  --timeout DURATION    how long to wait for each answer (default 1s)
  --json                write one JSON object per call
  --tls                 use TLS; implied by each of the following
  --tls-ca FILE         CA bundle (PEM) that verifies the server's certificate, instead of the system's CAs
  --tls-cert FILE       client certificate to present; requires --tls-key FILE

Without a domain it checks whether the server is ready for traffic and charges nothing: a health check for containers.
It asks the server that the same environment starts (WEIR_GRPC_LISTEN, or /readyz on WEIR_HTTP_LISTEN if gRPC uses TLS
or port 0), or the one at --addr; --timeout applies too.

Exit code: 0 when all calls were let through, or the server is ready; 1 when one was refused, or it is not ready; 2 when
the command line is invalid; 3 when there was no answer.`,
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
