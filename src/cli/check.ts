import type { ChannelCredentials } from "@grpc/grpc-js";
import { NoAnswer, type RateLimitAnswer, RateLimitClient } from "../grpc/rate-limit-client.js";
import { CHECK_FLAGS, type CheckPlan, markDescriptors, readCheckPlan } from "./check/check-arguments.js";
import { readCredentials } from "./check/check-credentials.js";
import { checkJson } from "./check/check-json.js";
import { checkTable } from "./check/check-table.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";
import { readArguments, refuse } from "./read-arguments.js";

const USAGE = {
  command: "check",
  line: "Usage: weir check [flags] DOMAIN KEY=VALUE... [--descriptor KEY=VALUE...]...",
  help: `Asks a running server what Envoy would ask (ShouldRateLimit), and shows its answer. It counts like any request:
what is let through is taken. Each KEY=VALUE is one entry of the descriptor, in order; --descriptor begins another.

  --addr HOST:PORT      where it answers gRPC (default 127.0.0.1:8081)
  --hits N              what the request costs (default 1); 0 is a peek, which takes nothing and announces a cost
  --repeat N            ask so many times, one after the other (default 1)
  --timeout DURATION    how long to wait for each answer (default 1s)
  --json                one JSON object a call
  --tls                 over TLS, and so is it with any of the following
  --tls-ca FILE         authorities that the server's certificate must come from, in place of the system's
  --tls-cert FILE       a certificate to show, with --tls-key FILE

Exit code: 0 when all calls were let through; 1 when one was refused; 2 when the command line makes no sense; 3 when
there was no answer.`,
  flags: CHECK_FLAGS,
} as const;

/** `weir check`: asks a running server. Resolves with the exit code. */
export async function check(argv: readonly string[], context: CliContext): Promise<number> {
  const given = readArguments(markDescriptors(argv), USAGE, context);
  if (typeof given === "number") return given;
  const plan = readCheckPlan(given);
  if (typeof plan === "string") return refuse(plan, USAGE, context);
  const credentials = readCredentials(given.flags);
  if (typeof credentials === "string") return refuse(credentials, USAGE, context);
  return await askAndShow(plan, credentials, context);
}

async function askAndShow(plan: CheckPlan, credentials: ChannelCredentials, context: CliContext): Promise<number> {
  const { address, question, repeat, timeoutMillis, asJson } = plan;
  const client = new RateLimitClient(address, credentials);
  const answers: RateLimitAnswer[] = [];
  let failure: string | undefined;
  try {
    while (answers.length < repeat) {
      const answer = await client.ask(question, timeoutMillis);
      answers.push(answer);
      if (asJson) context.writeOut(checkJson(answers.length, question.descriptors, answer));
    }
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    failure = error.message;
  } finally {
    client.close();
  }
  if (!asJson && answers.length > 0) context.writeOut(checkTable(question.descriptors, answers));
  if (failure !== undefined) {
    context.writeError(`weir check: no answer from ${address}: ${failure}`);
    return EXIT_CODE.noAnswer;
  }
  return answers.every(({ code }) => code === "OK") ? EXIT_CODE.ok : EXIT_CODE.failure;
}
