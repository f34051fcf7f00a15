import { createServer } from "node:net";

/** Test files that run at the same time look apart from each other: what one has found it may use a little later. */
const SLOTS = 4;
const PORTS_A_SLOT = 3_000;
const slot = Number(process.env.VITEST_POOL_ID ?? 0) % SLOTS;

/** Below the ports that the kernel gives to outgoing connections, so that none of those takes one that was found. */
const FIRST = 20_000 + slot * PORTS_A_SLOT;
const LAST = FIRST + PORTS_A_SLOT - 1;

let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** A port of 127.0.0.1 that nobody listens on, for a program that must be told its port. Never the same one twice. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = next;
    next = next === LAST ? FIRST : next + 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${FIRST} to ${LAST}`);
}
