import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import type { LoadReply, LoadRequest, ThreadData } from "./load-messages.js";

/*
 * The thread that reads, parses and checks rules, so that no decision waits for that. It answers each LoadRequest with
 * a LoadReply, and leaves all that goes wrong unforeseen to whoever started it.
 */

/** Decisions go first where there are not enough processors. From 0, as all threads start, to 19. */
const NICENESS = 10;

if ((workerData as ThreadData).background) lowerPriority();
// Only now: to load what parses rules takes a while too.
const { loadForThread } = await import("./load-for-thread.js");
parentPort?.on("message", (request: LoadRequest) => {
  void loadForThread(request).then(answer);
});

function answer(reply: LoadReply): void {
  const given = reply.kind === "rules" ? [reply.rules.bytes.buffer, reply.rules.offsets.buffer] : [];
  parentPort?.postMessage(reply, given);
}

/** On Linux alone, where it is the priority of a thread; elsewhere it would be that of the process. */
function lowerPriority(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(NICENESS);
  } catch {
    // A sandbox may forbid it. Then the system shares the processors out evenly.
  }
}
