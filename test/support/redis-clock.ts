import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisServer, type RedisServerOptions, startRedis } from "./redis-server.js";
import { faketimePath } from "./tools.js";

/** A redis-server whose clock stands still unless the test moves it, exact to the microsecond. */
export interface ClockedRedis extends RedisServer {
  readonly nowMicros: () => number;
  /** Moves the clock, also back. */
  advance(micros: number): Promise<void>;
}

/** 2026-01-02 03:04:05.678901. */
const START_MICROS = 1_767_323_045_678_901;

/**
 * libfaketime takes the time from a file, each time anew. Debian's redis-server allocates with jemalloc, which asks for
 * the time before libfaketime is ready for it: with glibc's malloc (libc_malloc_debug comes with it) both work.
 */
const PRELOAD = "libc_malloc_debug.so.0 /usr/$LIB/faketime/libfaketime.so.1";

/** Starts redis-server with a clock of its own. */
export async function startClockedRedis(options: RedisServerOptions = {}): Promise<ClockedRedis> {
  faketimePath();
  const folder = await mkdtemp(join(tmpdir(), "weir-clock-"));
  const file = join(folder, "now");
  let now = START_MICROS;
  const write = async (): Promise<void> => {
    // The half keeps libfaketime's own arithmetic in doubles from rounding down to the microsecond before.
    const text = `${Math.floor(now / 1_000_000)}.${String(now % 1_000_000).padStart(6, "0")}5\n`;
    await writeFile(`${file}.new`, text);
    // A rename, so that Redis never reads half a time.
    await rename(`${file}.new`, file);
  };
  await write();
  const server = await startRedis({ ...options, env: clockEnvironment(file) });
  const told = ((await server.command("TIME")) as string[]).map(Number);
  if (told[0]! * 1_000_000 + told[1]! !== now) {
    await server.stop();
    throw new Error(`libfaketime does not move Redis' clock: it is ${told.join(".")}`);
  }
  return {
    ...server,
    nowMicros: () => now,
    advance: async (micros) => {
      now += micros;
      await write();
    },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a program needs in its environment to take its time from this file. */
export function clockEnvironment(file: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    TZ: "UTC",
    LD_PRELOAD: PRELOAD,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_FMT: "%s",
    FAKETIME_NO_CACHE: "1",
    // Redis' own timers go on.
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
  };
}
