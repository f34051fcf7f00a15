import { LoopbackClient } from "./loopback-client.js";
import { warmUpMessages } from "./warm-up-messages.js";

/** A server of this process that nobody else knows. */
export interface WarmUpServer {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Of its method, which takes RateLimitRequests. */
  readonly path: string;
}

/** When enough is enough, whatever comes first. */
export interface WarmUpBounds {
  readonly calls: number;
  readonly millis: number;
}

/** What was done. */
export interface WarmUpResult {
  readonly calls: number;
  readonly millis: number;
}

/**
 * Calls a server until its code is compiled: a round of calls at once, and then the next, so that what else the event
 * loop has to do gets its turn.
 * @throws Error (as a promise) when a call fails, or none is answered in time
 */
export async function callUntilWarm(server: WarmUpServer, bounds: WarmUpBounds): Promise<WarmUpResult> {
  const started = performance.now();
  const client = new LoopbackClient(server.port, server.path);
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, bounds.millis, "late");
  });
  let calls = 0;
  try {
    for (let round = 0; calls < bounds.calls; round++) {
      const messages = warmUpMessages(round);
      const answered = Promise.all(messages.map((message) => client.call(message)));
      if ((await Promise.race([answered, timeIsUp])) === "late") break;
      calls += messages.length;
    }
    if (calls === 0) throw new Error(`no answers within ${bounds.millis} ms`);
  } finally {
    clearTimeout(timer);
    client.close();
  }
  return { calls, millis: performance.now() - started };
}
