import { setTimeout as pause } from "node:timers/promises";
import { urlAs, weirUser } from "../redis-acl.js";
import { startWeir, type WeirProcess } from "../weir-process.js";
import { writeFaultRules } from "./buckets.js";
import { FAULT_SETTINGS } from "./fault-run.js";
import { OpenLoop } from "./open-loop.js";
import { COLLECTING } from "./process-memory.js";
import { mixedWithPairsOf } from "./traffic.js";

const WARM_PER_SECOND = 800;
const WARM_MILLIS = 800;

/** All of the suite runs as a user that may do no more than Weir needs. */
export const USER = weirUser();

/**
 * Starts Weir with the rules of the fault suite.
 * @param redisUrl of servers that know `USER`
 */
export async function startFaultWeir(
  redisUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<WeirProcess> {
  const rules = await writeFaultRules();
  const remove = (): Promise<void> => rules.remove();
  try {
    const weir = await startWeir({
      rules: rules.path,
      redisUrl: urlAs(USER, redisUrl),
      env: { WEIR_RULES_POLL: "0s", WEIR_LOG_LEVEL: "warn", ...COLLECTING, ...FAULT_SETTINGS, ...env },
    });
    const stop = async (): Promise<number | string> => {
      const end = await weir.stop();
      await remove();
      return end;
    };
    await warmUp(weir);
    return { ...weir, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Has both sides compiled, and all connections made, before anything is measured. */
async function warmUp(weir: WeirProcess): Promise<void> {
  const load = new OpenLoop([weir], WARM_PER_SECOND, mixedWithPairsOf(`warm-${weir.grpcPort}`));
  load.start();
  try {
    await pause(WARM_MILLIS);
  } finally {
    await load.stop();
  }
}
