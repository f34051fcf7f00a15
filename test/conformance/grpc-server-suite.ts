import { type Client, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerUnderTest, StartServer } from "../support/grpc/servers-under-test.js";
import { callText, type TextAnswer } from "../support/grpc/text-calls.js";
import { TEXT_SERVICE, textClient } from "../support/grpc/text-service.js";
import { describeRawCalls } from "./grpc-server-raw.js";
import { describeStreams } from "./grpc-server-streams.js";
import { createTextMethods, type Seen } from "./text-methods.js";

const MAX_MESSAGE_BYTES = 1_000_000;

/** What every gRPC server must do, whatever it is made of. `fastLane`: metadata of good answers is not in its contract. */
export function describeGrpcServer(name: string, start: StartServer, { fastLane = false } = {}): void {
  describe(name, () => {
    let server: ServerUnderTest;
    let client: Client;
    const seen: Seen = { cancelled: [], started: [] };

    beforeAll(async () => {
      server = await start(TEXT_SERVICE, createTextMethods(seen), MAX_MESSAGE_BYTES);
      client = textClient(server.port, { "grpc.max_receive_message_length": -1 });
    });

    afterAll(async () => {
      client.close();
      await server.stop();
    });

    const unary = (text: string, options: object = {}, metadata = new Metadata()): Promise<TextAnswer> =>
      callText(client, text, metadata, options);

    describe("a unary call", () => {
      it.each(["hello", "ünïcödé ✓", "x".repeat(100_000)])("is answered with its response", async (text) => {
        expect((await unary(text)).response).toBe(text);
      });

      it("is answered when hundreds come at once", async () => {
        const texts = Array.from({ length: 300 }, (_, at) => `call ${at}`);
        const answers = await Promise.all(texts.map((text) => unary(text)));
        expect(answers.map(({ response }) => response)).toEqual(texts);
      });

      it.each([["plain words"], ["100% of it"], ["línea uno\nline two\ttab"], ["emoji 🚦 and %41"]])(
        "fails with the status and the message that the method gives: %s",
        async (details) => {
          const { error } = await unary(
            "fail",
            {},
            metadataOf({ "x-details": Buffer.from(details).toString("base64") }),
          );
          expect({ code: error?.code, details: error?.details }).toEqual({ code: status.FAILED_PRECONDITION, details });
        },
      );

      it("fails with the metadata that the method gives", async () => {
        const { error } = await unary("fail with metadata");
        expect(error?.code).toBe(status.NOT_FOUND);
        expect(error?.metadata.get("x-text")).toEqual(["some text"]);
        expect(error?.metadata.get("x-bytes-bin")).toEqual([Buffer.from([0, 1, 254, 255])]);
      });

      it("carries the caller's metadata to the method", async () => {
        const metadata = metadataOf({ "x-text": "some text" });
        metadata.add("x-text", "more");
        metadata.add("x-bytes-bin", Buffer.from([0, 1, 254, 255]));
        const { response } = await unary("metadata", {}, metadata);
        const got = JSON.parse(response ?? "") as { text: string[]; bytes: string[] };
        expect(got.text.join(", ")).toBe("some text, more");
        expect(got.bytes).toEqual(["0001feff"]);
      });

      if (!fastLane) {
        it("is answered with metadata before and after the response", async () => {
          const answer = await unary("answer with metadata");
          expect(answer.response).toBe("with metadata");
          expect(answer.headers?.get("x-before")).toEqual(["first"]);
          expect(answer.trailers?.get("x-after")).toEqual(["last"]);
          expect(answer.trailers?.get("x-after-bin")).toEqual([Buffer.from([1, 2, 3])]);
        });
      }

      it("fails UNKNOWN when the method throws", async () => {
        expect((await unary("throw")).error?.code).toBe(status.UNKNOWN);
      });

      it("fails UNIMPLEMENTED where the implementation lacks the method", async () => {
        expect((await callText(client, "x", new Metadata(), {}, "Missing")).error?.code).toBe(status.UNIMPLEMENTED);
      });

      it("fails INTERNAL on a request that cannot be decoded", async () => {
        expect((await unary("cannot be decoded")).error?.code).toBe(status.INTERNAL);
      });

      it("fails INTERNAL on a response that cannot be encoded", async () => {
        expect((await unary("cannot be encoded")).error?.code).toBe(status.INTERNAL);
      });

      it("fails RESOURCE_EXHAUSTED when the request is larger than allowed", async () => {
        expect((await unary("x".repeat(MAX_MESSAGE_BYTES + 1))).error?.code).toBe(status.RESOURCE_EXHAUSTED);
        expect((await unary("x".repeat(MAX_MESSAGE_BYTES))).response).toHaveLength(MAX_MESSAGE_BYTES);
      });

      it("is answered with many times what windows hold at once", async () => {
        const { response } = await unary("give 5000000 bytes");
        expect(response).toHaveLength(5_000_000);
      });

      it("knows its deadline, and fails DEADLINE_EXCEEDED after it", async () => {
        const { response } = await unary("deadline", { deadline: Date.now() + 5_000 });
        expect(Number(response)).toBeGreaterThan(3_000);
        expect(Number(response)).toBeLessThanOrEqual(5_000);
        const { error } = await unary("hang", { deadline: Date.now() + 50 });
        expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
        await seenCancelled(seen, "hang");
      });

      it("tells the method when the caller gives up", async () => {
        const started = seen.started.length;
        const call = client.makeUnaryRequest(
          "/test.Text/Unary",
          TEXT_SERVICE.Unary.requestSerialize,
          TEXT_SERVICE.Unary.responseDeserialize,
          "hang for long",
          (_error: ServiceError | null) => {},
        );
        await expect.poll(() => seen.started.length).toBe(started + 1);
        call.cancel();
        await seenCancelled(seen, "hang for long");
      });
    });

    describeStreams(() => ({ client, seen }));
    describeRawCalls(() => server.port);
  });
}

function metadataOf(values: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(values)) metadata.set(name, value);
  return metadata;
}

/** Waits until a call of that request has been told that it is cancelled. */
async function seenCancelled(seen: Seen, text: string): Promise<void> {
  await expect.poll(() => seen.cancelled.includes(text)).toBe(true);
}
