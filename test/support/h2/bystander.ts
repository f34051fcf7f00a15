import { expect } from "vitest";
import { unaryCall } from "../grpc/messages.js";
import { ECHO, openRaw } from "../grpc/native-server.js";
import { windowUpdate } from "./frames.js";

/** Another client's connection: calls all the time while `misdeeds` go on, and expects an answer to every call. */
export async function withBystander<Result>(port: number, misdeeds: () => Promise<Result>): Promise<Result> {
  const client = await openRaw(port);
  client.send(windowUpdate(0, 1_000_000_000));
  let isOver = false;
  let calls = 0;
  const calling = (async () => {
    for (let id = 1; !isOver || calls === 0; id += 2) {
      client.send(unaryCall(id, ECHO, `call ${id}`));
      const answer = await client.answer(id);
      expect(answer.body.subarray(5).toString()).toBe(`call ${id}`);
      client.frames.length = 0;
      calls += 1;
    }
  })();
  try {
    return await misdeeds();
  } finally {
    isOver = true;
    await calling;
    expect(client.isClosed).toBe(false);
  }
}
