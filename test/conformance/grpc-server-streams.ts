import { once } from "node:events";
import { type Client, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { TEXT_SERVICE } from "../support/grpc/text-service.js";
import type { Seen } from "./text-methods.js";

interface Ended {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

const { Collect, Spread, Talk } = TEXT_SERVICE;

/** Calls of which requests, responses or both stream. */
export function describeStreams(given: () => { client: Client; seen: Seen }): void {
  describe("a call whose requests stream", () => {
    const collect = (
      texts: readonly string[],
      end = true,
    ): Promise<{ error: ServiceError | null; response?: string | undefined }> =>
      new Promise((resolve) => {
        const call = given().client.makeClientStreamRequest(
          Collect.path,
          Collect.requestSerialize,
          Collect.responseDeserialize,
          (error: ServiceError | null, response?: string) => resolve({ error, response }),
        );
        call.on("error", () => {});
        for (const text of texts) call.write(text);
        if (end) call.end();
      });

    it("is answered when all have come", async () => {
      const texts = Array.from({ length: 1_000 }, (_, at) => `text ${at}`);
      expect((await collect(texts)).response).toBe(texts.join(","));
    });

    it("may have none", async () => {
      expect((await collect([])).response).toBe("");
    });

    it("may have large ones", async () => {
      const texts = Array.from({ length: 5 }, (_, at) => String(at).repeat(900_000));
      expect((await collect(texts)).response).toBe(texts.join(","));
    });

    it("may be answered before they end", async () => {
      expect((await collect(["one", "enough"], false)).response).toBe("one,enough");
    });

    it("may fail before they end", async () => {
      const { error } = await collect(["one", "fail"], false);
      expect({ code: error?.code, details: error?.details }).toEqual({
        code: status.FAILED_PRECONDITION,
        details: "told to fail",
      });
    });

    it("fails INTERNAL on one that cannot be decoded", async () => {
      expect((await collect(["cannot be decoded"])).error?.code).toBe(status.INTERNAL);
    });

    it("fails RESOURCE_EXHAUSTED on one larger than allowed", async () => {
      expect((await collect(["x".repeat(1_000_001)])).error?.code).toBe(status.RESOURCE_EXHAUSTED);
    });
  });

  describe("a call whose responses stream", () => {
    const spread = (text: string, options = {}) =>
      given().client.makeServerStreamRequest(
        Spread.path,
        Spread.requestSerialize,
        Spread.responseDeserialize,
        text,
        options,
      );

    const all = async (text: string): Promise<{ texts: string[]; ended: Ended }> => {
      const call = spread(text);
      const texts: string[] = [];
      call.on("data", (one: string) => texts.push(one));
      call.on("error", () => {});
      const ended = await new Promise<Ended>((resolve) => call.on("status", resolve));
      return { texts, ended };
    };

    it("gives all of them, and trailing metadata", async () => {
      const { texts, ended } = await all("count 1000");
      expect(texts).toEqual(Array.from({ length: 1_000 }, (_, at) => String(at + 1)));
      expect(ended.code).toBe(status.OK);
      expect(ended.metadata.get("x-text")).toEqual(["some text"]);
    });

    it("may give none", async () => {
      expect((await all("count 0")).texts).toEqual([]);
    });

    it("gives many times what windows hold at once", async () => {
      const { texts } = await all("count 200 100000");
      expect(texts).toHaveLength(200);
      expect(texts.every((text, at) => text.length === 100_000 && Number.parseInt(text, 10) === at + 1)).toBe(true);
    });

    it("gives those before a failure, then the failure with its metadata", async () => {
      const { texts, ended } = await all("fail 3");
      expect(texts).toEqual(["1", "2", "3"]);
      expect({ code: ended.code, details: ended.details }).toEqual({
        code: status.FAILED_PRECONDITION,
        details: "told to fail",
      });
      expect(ended.metadata.get("x-bytes-bin")).toEqual([Buffer.from([0, 1, 254, 255])]);
    });

    it("tells the method when the caller gives up", async () => {
      const call = spread("hang");
      call.on("error", () => {});
      await once(call, "data");
      call.cancel();
      await expect.poll(() => given().seen.cancelled.includes("hang")).toBe(true);
    });

    it("tells the method when the deadline is over", async () => {
      const call = spread("hang on", { deadline: Date.now() + 200 });
      call.on("data", () => {});
      const error = await new Promise<ServiceError>((resolve) => call.on("error", resolve));
      expect(error.code).toBe(status.DEADLINE_EXCEEDED);
      await expect.poll(() => given().seen.cancelled.includes("hang on")).toBe(true);
    });
  });

  describe("a call of which both stream", () => {
    const talk = (options = {}) =>
      given().client.makeBidiStreamRequest(
        Talk.path,
        Talk.requestSerialize,
        Talk.responseDeserialize,
        new Metadata(),
        options,
      );

    it("takes turns, and goes on after the caller has ended", async () => {
      const call = talk();
      const texts: string[] = [];
      for (let turn = 0; turn < 20; turn++) {
        call.write(`turn ${turn}`);
        texts.push(((await once(call, "data")) as [string])[0]);
      }
      expect(texts).toEqual(Array.from({ length: 20 }, (_, at) => `you said turn ${at}`));
      call.end();
      expect(await once(call, "data")).toEqual(["goodbye"]);
      const [ended] = (await once(call, "status")) as [Ended];
      expect(ended.code).toBe(status.OK);
    });

    it("fails in the middle with the status that the method gives", async () => {
      const call = talk();
      call.on("data", () => {});
      call.write("hello");
      call.write("fail");
      const error = await new Promise<ServiceError>((resolve) => call.on("error", resolve));
      expect({ code: error.code, details: error.details }).toEqual({
        code: status.FAILED_PRECONDITION,
        details: "told to fail",
      });
    });

    it("fails DEADLINE_EXCEEDED after its deadline", async () => {
      const call = talk({ deadline: Date.now() + 200 });
      call.write("hello");
      await once(call, "data");
      const error = await new Promise<ServiceError>((resolve) => call.on("error", resolve));
      expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    });
  });
}
