import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { frame, PREFACE, SETTINGS_ACK, settings } from "../h2/frames.js";
import { settle, Wire } from "../h2/wire.js";
import { checkHonestRound, checkOutput } from "./check-output.js";
import { HonestClient } from "./fuzz-conversation.js";
import type { FuzzedServer } from "./fuzzed-server.js";
import { mutateBytes, mutateFrames, randomFrame } from "./mutations.js";
import type { SeededRandom } from "./seeded-random.js";

/** What a round of fuzzing says to the server. */
export interface Conversation {
  readonly kind: "honest" | "mutated bytes" | "mutated frames" | "random frames" | "random bytes";
  readonly bytes: Buffer;
}

/** @param recorded conversations of real clients */
export function makeConversation(random: SeededRandom, recorded: readonly Buffer[]): Conversation {
  const kinds = [
    "honest",
    "mutated bytes",
    "mutated frames",
    "mutated frames",
    "random frames",
    "random bytes",
  ] as const;
  const kind = random.pick(kinds);
  const whole = (): Buffer =>
    random.chance(0.2) ? random.pick(recorded) : Buffer.concat(new HonestClient(random).conversation());
  const greeting = Buffer.concat([PREFACE, settings(), SETTINGS_ACK]);
  switch (kind) {
    case "honest":
      return { kind, bytes: Buffer.concat(new HonestClient(random).conversation()) };
    case "mutated bytes":
      return { kind, bytes: mutateBytes(random, whole()) };
    case "mutated frames":
      return { kind, bytes: mutateFrames(random, whole()) };
    case "random frames": {
      const frames = Array.from({ length: 1 + random.size(40) }, () => randomFrame(random));
      const parts = frames.map(({ type, flags, id, payload }) => frame(type, flags, id, payload));
      return { kind, bytes: Buffer.concat([greeting, ...parts]) };
    }
    case "random bytes":
      return {
        kind,
        bytes: Buffer.concat([random.chance(0.7) ? greeting : PREFACE, random.bytes(random.size(3_000))]),
      };
  }
}

function cut(random: SeededRandom, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  const most = random.pick([1, 10, 100, 5_000, 1e9, 1e9]);
  for (let at = 0; at < bytes.length; ) {
    const size = pieces.length > 300 ? bytes.length : 1 + random.below(Math.min(most, bytes.length));
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Long enough for the timers of the servers with tight limits. */
const TIMER_MILLIS = 25;

/** Says the conversation over a connection without a socket, and looks at all that comes back. */
export async function roundOverWire(random: SeededRandom, fuzzed: FuzzedServer, talk: Conversation): Promise<void> {
  const open = fuzzed.server.counters.h2.connectionsOpen;
  const wire = new Wire();
  fuzzed.server.serve(wire, "fuzz");
  const isHasty = random.chance(0.5);
  const pieces = cut(random, talk.bytes);
  const pauseAt = random.chance(0.02) ? random.below(pieces.length) : -1;
  for (const [at, piece] of pieces.entries()) {
    if (wire.destroyed) break;
    wire.feed(piece);
    if (at === pauseAt) await pause(TIMER_MILLIS);
    if (!isHasty && random.chance(0.3)) await settle();
    if (random.chance(0.02)) wire.isStuck = true;
    if (wire.isStuck && random.chance(0.3)) wire.unstick();
  }
  wire.unstick();
  await settle();
  await settle();
  if (random.chance(0.01)) await pause(TIMER_MILLIS);
  const sent = checkOutput(Buffer.concat(wire.sent), wire.isEndedByServer || wire.destroyed);
  if (talk.kind === "honest") checkHonestRound(talk.bytes, sent);
  if (random.chance(0.1)) wire.push(null);
  else wire.destroy();
  await settle();
  wire.destroy();
  await settle();
  fuzzed.check(open);
}

/** Says the conversation over a socket, and leaves in one of several ways. */
export async function roundOverSocket(random: SeededRandom, fuzzed: FuzzedServer, talk: Conversation): Promise<void> {
  const { h2 } = fuzzed.server.counters;
  const open = h2.connectionsOpen;
  const socket = connect({ port: fuzzed.port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  await once(socket, "connect");
  if (random.chance(0.8)) socket.resume();
  for (const piece of cut(random, talk.bytes)) {
    if (!socket.writable) break;
    socket.write(piece);
    if (random.chance(0.2)) await settle();
  }
  await settle();
  const end = random.below(3);
  if (end === 0) socket.end();
  else if (end === 1) socket.resetAndDestroy();
  await settle();
  socket.destroy();
  await closed;
  const deadline = performance.now() + 5_000;
  while (h2.connectionsOpen !== open && performance.now() < deadline) await settle();
  fuzzed.check(open);
}
