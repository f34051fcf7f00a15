import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

/** One request of the load. Times are of performance.now(). */
export interface LoadAnswer {
  readonly path: string;
  readonly sentMillis: number;
  readonly answeredMillis: number;
  /** 0 where there was no answer. */
  readonly status: number;
  /** Why there was none. */
  readonly words: string;
}

export interface EvenLoad {
  /** Where the request of this number goes. */
  readonly urlOf: (index: number) => string;
  readonly perSecond: number;
  /** Connections, each with one request at a time. When all are busy the load falls behind, and catches up. */
  readonly clients: number;
  /** Whether the request of this number is one too many. */
  readonly isOver: (index: number, elapsedMillis: number) => boolean;
}

/** Requests that come evenly, until `isOver` says so and all are answered. */
export async function evenLoad({ urlOf, perSecond, clients, isOver }: EvenLoad): Promise<LoadAnswer[]> {
  const answers: LoadAnswer[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const started = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    for (;;) {
      const index = next++;
      const wait = started + (index / perSecond) * 1000 - performance.now();
      if (wait > 0) await pause(wait);
      if (isOver(index, performance.now() - started)) return;
      answers.push(await ask(urlOf(index), agent));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return answers;
}

function ask(url: string, agent: Agent): Promise<LoadAnswer> {
  const path = new URL(url).pathname;
  const sentMillis = performance.now();
  return new Promise((resolve) => {
    const end = (status: number, words: string): void =>
      resolve({ path, sentMillis, answeredMillis: performance.now(), status, words });
    const request = get(url, { agent, timeout: 10_000 }, (answer) => {
      answer.resume().on("end", () => end(answer.statusCode ?? 0, ""));
      answer.on("error", (error) => end(0, error.message));
    });
    request.on("timeout", () => request.destroy(new Error("no answer within 10 s")));
    request.on("error", (error) => end(0, error.message));
  });
}
