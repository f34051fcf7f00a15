import type { AnsweredStatus, RateLimitAnswer } from "../../grpc/rate-limit-client.js";
import type { Entry } from "../../rules/rule.js";

/** One call as JSON in one line. */
export function checkJson(
  call: number,
  descriptors: readonly (readonly Entry[])[],
  { code, statuses, headers }: RateLimitAnswer,
): string {
  return JSON.stringify({
    call,
    code,
    statuses: descriptors.map((descriptor, index) => ({ descriptor, ...statusAsJson(statuses[index]) })),
    ...(headers.length === 0 ? {} : { headers }),
  });
}

function statusAsJson(status: AnsweredStatus | undefined): object {
  if (status === undefined) return {};
  const { code, limit, remaining, resetSeconds } = status;
  // Without a limit, what is left is either all that the field can say or nothing that was said.
  if (limit === undefined) return remaining === 0 ? { code } : { code, remaining };
  const { name, unit, ...rate } = limit;
  const told = { ...rate, unit: unit.toLowerCase(), ...(name === "" ? {} : { name }) };
  return { code, limit: told, remaining, ...(resetSeconds === undefined ? {} : { resetSeconds }) };
}
