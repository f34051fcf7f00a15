import { expect, it } from "vitest";
import { unaryCall } from "../../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../../support/grpc/native-server.js";

it("A deadline years away is kept without a word from Node about timers that are too long", async () => {
  const warnings: string[] = [];
  const listener = (warning: Error): void => void warnings.push(warning.name);
  process.on("warning", listener);
  const { port } = await startNative();
  const client = await openRaw(port);
  for (let id = 1; id < 20; id += 2) {
    client.send(unaryCall(id, ECHO, "x", [["grpc-timeout", "99999999H"]]));
    expect((await client.answer(id)).trailers.get("grpc-status")).toBe("0");
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.removeListener("warning", listener);
  expect(warnings).toEqual([]);
});
