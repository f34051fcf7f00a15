import { formatAddress } from "../../net/listen-address.js";
import { type CliContext, EXIT_CODE } from "../cli-context.js";
import { askGrpcHealth } from "./ask-grpc-health.js";
import { askReadyz } from "./ask-readyz.js";
import type { ServingAnswer } from "./serving-answer.js";
import type { ServingPlan } from "./serving-arguments.js";

/** Asks a server whether it wants traffic. Resolves with the exit code. */
export async function checkServing(plan: ServingPlan, context: CliContext): Promise<number> {
  const { protocol, timeoutMillis } = plan;
  const address = formatAddress(plan.address);
  let answer: ServingAnswer;
  try {
    answer = await (protocol === "gRPC"
      ? askGrpcHealth(plan.address, timeoutMillis)
      : askReadyz(address, timeoutMillis));
  } catch (error) {
    context.writeError(`weir check: no answer from ${address}: ${(error as Error).message}`);
    return EXIT_CODE.noAnswer;
  }
  if (answer.isServing) {
    context.writeOut(`OK: ${address} is serving`);
    return EXIT_CODE.ok;
  }
  context.writeError(`weir check: ${address} is not serving${answer.reasons === "" ? "" : `: ${answer.reasons}`}`);
  return EXIT_CODE.failure;
}
