import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clockEnvironment } from "../redis-clock.js";
import { faketimePath } from "../tools.js";

/** A clock that goes on like any other, and is stepped by a test. */
export interface SteppedClock {
  /** For programs that are to have this clock. */
  readonly env: NodeJS.ProcessEnv;
  /** How far it is from the true time from now on, in seconds. */
  step(seconds: number): Promise<void>;
  remove(): Promise<void>;
}

/** @param seconds how far it is from the true time at first */
export async function steppedClock(seconds = 0): Promise<SteppedClock> {
  faketimePath();
  const folder = await mkdtemp(join(tmpdir(), "weir-clock-"));
  const file = join(folder, "offset");
  const step = async (to: number): Promise<void> => {
    await writeFile(`${file}.new`, `${to < 0 ? "" : "+"}${to}\n`);
    // A rename, so that nobody reads half an offset.
    await rename(`${file}.new`, file);
  };
  await step(seconds);
  return { env: clockEnvironment(file), step, remove: () => rm(folder, { recursive: true, force: true }) };
}
