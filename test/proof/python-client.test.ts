import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { startProofServer } from "../support/proof/proof-server.js";
import { runTool } from "../support/proof/run-tool.js";

const CLIENT = fileURLToPath(new URL("python-client.py", import.meta.url));

const SOME_METADATA = [
  ["x-bytes-bin", "0001feff"],
  ["x-text", "some text"],
];

it("Python grpcio gets the right answer to every kind of call", async () => {
  const { port, server, seen, faults } = await startProofServer();
  const { stdout, stderr } = await runTool("python-grpc", [CLIENT, `127.0.0.1:${port}`]);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    unary: "hello",
    empty_message: "",
    failure_with_details: { code: "FAILED_PRECONDITION", details: "no way: € % \n", trailers: [] },
    failure_with_metadata: { code: "NOT_FOUND", details: "not found", trailers: SOME_METADATA },
    unknown_method: "UNIMPLEMENTED",
    deadline: "DEADLINE_EXCEEDED",
    cancellation: true,
    metadata_of_the_call: { text: ["some text"], bytes: ["0001feff"] },
    metadata_of_the_answer: {
      response: "with metadata",
      headers: { "x-before": "first" },
      trailers: { "x-after": "last", "x-after-bin": "010203" },
    },
    large_messages: true,
    too_large_a_message: "RESOURCE_EXHAUSTED",
    compressed_message: true,
    server_streaming: [1_000, "1.", "1000.", "some text"],
    server_streaming_that_fails: [
      { code: "FAILED_PRECONDITION", details: "told to fail", trailers: SOME_METADATA },
      ["1", "2", "3"],
    ],
    client_streaming: 499,
    talk: ["you said one", "you said two", "goodbye"],
    many_at_once: true,
    health: "0801",
  });
  await expect.poll(() => seen.cancelled).toEqual(["hang for grpcio", "hang until cancelled"]);
  await expect.poll(() => server.counters.h2.connectionsOpen).toBe(0);
  expect(server.counters.h2.streamsOpen).toBe(0);
  expect(faults).toEqual([]);
});
