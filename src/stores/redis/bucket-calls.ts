import type { AskedBucket, BucketStatus } from "../store.js";
import { ALGORITHM_NUMBERS } from "./batch-command.js";
import type { RedisLink } from "./link/redis-link.js";
import { INSPECT_SCRIPT, RESET_SCRIPT } from "./lua-script.js";
import { notOurReply } from "./not-our-reply.js";

/** Looks at one bucket. @throws StoreFailure */
export async function inspectBucket(
  link: RedisLink,
  redisKey: string,
  { algorithm, tokensPerPeriod, periodMicros, burst, maxDebt }: AskedBucket["limit"],
  givesBack: boolean,
): Promise<BucketStatus> {
  const numbers = [ALGORITHM_NUMBERS[algorithm], tokensPerPeriod, periodMicros, burst, maxDebt, givesBack ? 1 : 0];
  const status = readStatus(await link.run(INSPECT_SCRIPT, [redisKey], numbers));
  if (status === undefined) throw notOurReply();
  return status;
}

/** Makes one bucket full again. @returns 1 when it was not, else 0. @throws StoreFailure */
export async function resetBucket(link: RedisLink, redisKey: string): Promise<number> {
  const reply = await link.run(RESET_SCRIPT, [redisKey], []);
  if (reply !== 0 && reply !== 1) throw notOurReply();
  return reply;
}

function readStatus(reply: unknown): BucketStatus | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [tokens, untilFull, pending] = reply as readonly unknown[];
  if (!Number.isSafeInteger(tokens) || !Number.isSafeInteger(pending)) return undefined;
  if (typeof untilFull !== "string" || !/^(-1|\d+)$/.test(untilFull)) return undefined;
  const untilFullMicros = untilFull === "-1" ? Number.POSITIVE_INFINITY : Number(untilFull);
  return { tokens: tokens as number, untilFullMicros, pending: pending as number };
}
