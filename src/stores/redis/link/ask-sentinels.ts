import { describeHost, type HostPort } from "./redis-address.js";
import type { RedisNode } from "./redis-node.js";

/** How long Sentinels may take to answer. */
const ANSWER_MILLIS = 300;

interface Answer {
  readonly master: HostPort;
  /** Grows with each failover. */
  readonly epoch: number;
}

/**
 * Asks all Sentinels that can be reached who the master is. One that was cut off from the others may still name an old
 * master: the newest failover that any of them knows of counts.
 * @throws Error in words for people when none of them names a master
 */
export async function askSentinels(sentinels: readonly RedisNode[], name: string): Promise<HostPort> {
  const answers: Answer[] = [];
  let words: string | undefined;
  const questions = sentinels.map(async (sentinel) => {
    try {
      answers.push(await ask(sentinel, name));
    } catch (error) {
      words ??= (error as Error).message;
    }
  });
  await withinMillis(ANSWER_MILLIS, Promise.all(questions));
  const [newest] = answers.sort((one, other) => other.epoch - one.epoch);
  if (newest === undefined) throw new Error(words ?? `no Sentinel answered within ${ANSWER_MILLIS} ms`);
  return newest.master;
}

async function ask(sentinel: RedisNode, name: string): Promise<Answer> {
  const [address, state] = await Promise.all([
    sentinel.command("SENTINEL", ["GET-MASTER-ADDR-BY-NAME", name]),
    // It says the epoch; the address in it is the old one for longer. Without permission for it any epoch will do.
    sentinel.command("SENTINEL", ["MASTER", name]).catch(() => []),
  ]);
  const [host, port] = Array.isArray(address) ? (address as string[]) : [];
  if (host === undefined || !/^\d+$/.test(port ?? "")) throw new Error(`the Sentinels know no master named ${name}`);
  const fields = Array.isArray(state) ? (state as string[]) : [];
  const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
  return { master: { host, port: Number(port) }, epoch: Number.isSafeInteger(epoch) ? epoch : 0 };
}

/** Waits for a promise that never rejects, but not for longer. */
function withinMillis(millis: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis);
    void promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Whether two places are the same. */
export function isSamePlace(one: HostPort | undefined, other: HostPort): boolean {
  return one !== undefined && describeHost(one) === describeHost(other);
}
