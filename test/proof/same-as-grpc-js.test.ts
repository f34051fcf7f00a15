import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTextMethods } from "../conformance/text-methods.js";
import { grpcMessage, unaryCall } from "../support/grpc/messages.js";
import {
  type ServerUnderTest,
  startGrpcJs,
  startNativeFastLane,
  startNativeService,
} from "../support/grpc/servers-under-test.js";
import { TEXT_SERVICE } from "../support/grpc/text-service.js";
import { END_HEADERS, END_STREAM, frame, TYPE, windowUpdate } from "../support/h2/frames.js";
import { hpackBlock, type TestField } from "../support/h2/hpack.js";
import { type RawAnswer, RawClient } from "../support/h2/raw-client.js";
import {
  type ArbitraryCall,
  type ArbitraryMessage,
  arbitraryCall,
  endsInsideMessage,
  framesOf,
  isCompressed,
} from "../support/proof/arbitrary-calls.js";

const UNARY = "/test.Text/Unary";
const MISSING = "/test.Text/Missing";
const INITIAL_WINDOW_SIZE = 4;

/** In place of an answer. */
const NEVER = "never ends";

/** All that a caller can tell of an answer. */
interface Told {
  readonly http: string | undefined;
  readonly status?: string | undefined;
  readonly message?: string | undefined;
  readonly headers?: string[];
  readonly trailers?: string[];
  readonly body?: string;
}

const PROTOCOL = /^(:status|content-type|date|grpc-(accept-)?encoding|grpc-status|grpc-message|content-length)$/;

function metadata(fields: Map<string, string>): string[] {
  return [...fields]
    .filter(([name]) => !PROTOCOL.test(name))
    .map((field) => field.join(": "))
    .sort();
}

function tellOf({ headers, trailers, body }: RawAnswer): Told {
  const http = headers.get(":status");
  if (http !== "200") return { http };
  const status = trailers.get("grpc-status");
  // grpc-js says "OK" to every call that went well.
  const message = status === "0" ? undefined : decodeURIComponent(trailers.get("grpc-message") ?? "");
  // An answer without messages may come in one block of fields or in two.
  const isOneBlock = headers === trailers;
  return {
    http,
    status,
    message,
    headers: isOneBlock ? [] : metadata(headers),
    trailers: metadata(trailers),
    body: body.toString("latin1"),
  };
}

/** What the servers themselves say, in the words of grpc-js and in ours. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Received no request message for server streaming method .*/, "no request"],
  [/^Received a second request message for server streaming method .*/, "more than one request"],
  [/^Invalid grpc-timeout value .*/, "grpc-timeout is not a time"],
  [/^The server does not implement the method (\/.*)/, "there is no method $1"],
  [/^Received message compressed with unsupported encoding /, "unsupported encoding "],
  [/^Failed to decompress message/, "failed to decompress message"],
  [/^Unknown error$/, "the method failed"],
];

function inOurWords(told: Told | typeof NEVER): Told | typeof NEVER {
  if (told === NEVER) return told;
  let message = told.message;
  for (const [theirs, ours] of WORDS) message = message?.replace(theirs, ours);
  return { ...told, message };
}

/** As the fast lane's handlers in these tests tell it: without metadata of answers, and few words. */
function asOnTheFastLane(told: Told | typeof NEVER, call: ArbitraryCall): Told | typeof NEVER {
  if (told === NEVER || call.path !== UNARY || told.http !== "200") return told;
  if (told.status === "0") return { ...told, headers: [], trailers: [] };
  if (told.status === "13") return { ...told, message: "" };
  return told.status === "12" ? { ...told, message: "" } : told;
}

const wantsOneMessage = ({ path }: ArbitraryCall): boolean => /\/(Unary|Spread|Missing)$/.test(path);

/** Whether a message cannot be read: the call fails when it is come upon. */
const isBad = ({ text, compression }: ArbitraryMessage): boolean =>
  text === "cannot be decoded" || compression !== "none";

/** Why the answers to a call may differ, or undefined where they must not. Each has an example below. */
function knownDifference(call: ArbitraryCall): string | undefined {
  if (call.httpMethod !== "POST") return "not a POST";
  if (call.contentType === "application/grpcx") return "a content-type that only begins like gRPC's";
  if (call.timeout === "99999999M") return "a deadline further away than timers can be set";
  if (call.timeout === "-1S" || call.timeout === "123456789S") return "a grpc-timeout that has a good one inside it";
  if (call.messages.some(({ flags }) => flags !== undefined && flags > 1)) return "unknown message flags";
  if (endsInsideMessage(call)) return "an end inside a message";
  const hasEncoding = call.encoding !== undefined && call.encoding !== "identity";
  if (!hasEncoding && call.messages.some(isCompressed)) return "a compressed message without an encoding";
  const hasBadTimeout = call.timeout !== undefined && !/^\d{1,8}[HMS]$/.test(call.timeout);
  const isUnknown = !/^\/test\.Text\/(Unary|Collect|Spread|Talk)$/.test(call.path);
  const ends = call.messages.filter((message) => isBad(message) || /^(fail|enough)$/.test(message.text));
  if ((wantsOneMessage(call) && call.messages.length > 1) || (hasBadTimeout && isUnknown) || ends.length > 1) {
    return "several ends, of which either server takes one";
  }
  const isTalk = call.path === TEXT_SERVICE.Talk.path;
  if (isTalk && ends.length > 0) return "a method that fails after it has answered";
  return undefined;
}

const REASONS = 9;
const CALLS = 600;

let grpcJs: ServerUnderTest;
let service: ServerUnderTest;
let fastLane: ServerUnderTest;
beforeAll(async () => {
  const start = [startGrpcJs, startNativeService, startNativeFastLane].map((starter) =>
    starter(TEXT_SERVICE, createTextMethods({ cancelled: [], started: [] }), 100_000),
  );
  [grpcJs, service, fastLane] = (await Promise.all(start)) as [ServerUnderTest, ServerUnderTest, ServerUnderTest];
});
afterAll(() => Promise.all([grpcJs.stop(), service.stop(), fastLane.stop()]));

/** Now and then node:http2 loses the end of an answer of grpc-js; then it is asked again. */
const GRPC_JS_TRIES = 3;
const GRPC_JS_PATIENCE_MILLIS = 1_500;
const PATIENCE_MILLIS = 9_000;

/** Sends a call and waits for its end. @returns what came, or "never ends" */
async function ask(server: ServerUnderTest, bytes: Buffer): Promise<Told | typeof NEVER> {
  const [tries, patience] = server === grpcJs ? [GRPC_JS_TRIES, GRPC_JS_PATIENCE_MILLIS] : [1, PATIENCE_MILLIS];
  for (let at = 0; at < tries; at++) {
    const client = await RawClient.open(server.port, [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1]]);
    client.send(windowUpdate(0, 2 ** 30), bytes);
    const deadline = performance.now() + patience;
    await client.until(() => client.isEnded(1) || client.isClosed || performance.now() > deadline);
    const told = tellOf(client.answerSoFar(1));
    const isEnded = client.isEnded(1);
    await client.close();
    if (isEnded) return told;
  }
  return NEVER;
}

describe("a call, right or wrong, and however it is cut", () => {
  it("is answered as by grpc-js: status, words, metadata, body", async () => {
    const reasons = new Set<string>();
    await fc.assert(
      fc.asyncProperty(arbitraryCall, async (call) => {
        const bytes = framesOf(call);
        const [ours, fast] = await Promise.all([ask(service, bytes), ask(fastLane, bytes)]);
        // The fast lane has no such path, and which of several faults counts then is another.
        if (call.path !== MISSING) expect(asOnTheFastLane(fast, call)).toEqual(asOnTheFastLane(ours, call));
        const reason = knownDifference(call);
        if (reason === undefined) expect(ours).toEqual(inOurWords(await ask(grpcJs, bytes)));
        else reasons.add(reason);
      }),
      { numRuns: CALLS },
    );
    expect(reasons.size).toBe(REASONS);
  }, 600_000);
});

function odd(changes: Record<string, string>, body = grpcMessage("hello")): Buffer {
  const usual = { ":method": "POST", ":scheme": "http", ":path": UNARY, ":authority": "test", te: "trailers" };
  const fields = Object.entries({ ...usual, "content-type": "application/grpc", ...changes });
  return Buffer.concat([
    frame(TYPE.HEADERS, END_HEADERS, 1, hpackBlock(fields)),
    frame(TYPE.DATA, END_STREAM, 1, body),
  ]);
}

const twice: TestField[] = [
  ["x-text", "one"],
  ["x-text", "two"],
];

type KnownDifference = readonly [name: string, call: Buffer, theirs: Partial<Told> | typeof NEVER, ours: Partial<Told>];

/** In each of these we keep to the specifications of gRPC and grpc-js does not, or they leave it open. */
const KNOWN: readonly KnownDifference[] = [
  ["a GET", odd({ ":method": "GET" }), { status: "0" }, { http: "405" }],
  ["application/grpcx", odd({ "content-type": "application/grpcx" }), { status: "0" }, { http: "415" }],
  ["a timeout below zero", odd({ "grpc-timeout": "-1S" }), { status: "0" }, { status: "13" }],
  ["a timeout of nine digits", odd({ "grpc-timeout": "123456789S" }), { status: "0" }, { status: "13" }],
  ["unknown flags", odd({}, grpcMessage("hello", 2)), { status: "0" }, { status: "13" }],
  [
    "half a message after one",
    odd({}, Buffer.concat([grpcMessage("a"), Buffer.alloc(3)])),
    { status: "0" },
    { status: "13" },
  ],
  ["half a message", odd({}, grpcMessage("hello").subarray(0, 7)), { status: "12" }, { status: "13" }],
  [
    "a compressed message without an encoding",
    odd({}, grpcMessage(gzipSync("x"), 1)),
    { status: "0" },
    { status: "13" },
  ],
  [
    "two messages of which one cannot be decoded",
    odd({}, Buffer.concat([grpcMessage("cannot be decoded"), grpcMessage("two")])),
    { status: "13" },
    { status: "12" },
  ],
  [
    "a method that fails after it has answered",
    odd({ ":path": TEXT_SERVICE.Talk.path }, Buffer.concat([grpcMessage("hello"), grpcMessage("fail")])),
    NEVER,
    { status: "9", message: "told to fail" },
  ],
  [
    "a deadline further away than timers can be set (that of grpc-js runs out at once)",
    odd({ ":path": TEXT_SERVICE.Spread.path, "grpc-timeout": "99999999M" }, grpcMessage("give 900")),
    NEVER,
    { status: "0" },
  ],
  [
    "metadata of one name twice (node:http2 joins the values, and so grpc-js does)",
    unaryCall(1, UNARY, "metadata", twice),
    { body: grpcMessage('{"text":["one, two"],"bytes":[]}').toString("latin1") },
    { body: grpcMessage('{"text":["one","two"],"bytes":[]}').toString("latin1") },
  ],
];

describe("a known difference", () => {
  it.each(KNOWN)("is %s", async (_name, call, theirs, ours) => {
    const told = await ask(grpcJs, call);
    if (theirs === NEVER) expect(told).toBe(NEVER);
    else expect(told).toMatchObject(theirs);
    expect(await ask(service, call)).toMatchObject(ours);
    expect(await ask(fastLane, call)).toMatchObject(ours);
  });
});
