import { NoAnswer, type RateLimitAnswer, RateLimitClient } from "../../grpc/rate-limit-client.js";
import { type CliContext, EXIT_CODE } from "../cli-context.js";
import type { CheckFlags, CheckPlan } from "./check-arguments.js";
import { readCredentials } from "./check-credentials.js";
import { checkJson } from "./check-json.js";
import { checkTable } from "./check-table.js";

/**
 * Asks a server about descriptors and shows its answers. Resolves with the exit code, or with words that say what is
 * wrong with the flags.
 */
export async function checkLimits(plan: CheckPlan, flags: CheckFlags, context: CliContext): Promise<number | string> {
  const credentials = await readCredentials(flags);
  if (typeof credentials === "string") return credentials;
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
