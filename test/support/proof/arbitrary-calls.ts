import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { grpcMessage } from "../grpc/messages.js";
import { END_HEADERS, END_STREAM, frame, TYPE } from "../h2/frames.js";
import { hpackBlock, type TestField } from "../h2/hpack.js";

/** A message of a request, or what stands in its place. */
export interface ArbitraryMessage {
  readonly text: string;
  readonly compression: "none" | "gzip" | "deflate" | "broken";
  /** The first byte, where it is not what the compression says. */
  readonly flags: number | undefined;
}

/** A call, right or wrong, as one client might make it. Calls always end: none waits for ever. */
export interface ArbitraryCall {
  readonly httpMethod: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly timeout: string | undefined;
  readonly encoding: string | undefined;
  readonly fields: readonly TestField[];
  readonly messages: readonly ArbitraryMessage[];
  /** Bytes that are missing at the end. */
  readonly cut: number;
  /** Sizes of the DATA frames, in turn. */
  readonly pieces: readonly number[];
  /** How the request ends: with its last bytes, with an empty frame, with trailing fields. */
  readonly end: "data" | "empty" | "trailers";
}

const rarely = <T>(usual: T, ...odd: T[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...odd) });

const PATHS = ["Unary", "Unary", "Unary", "Unary", "Collect", "Spread", "Talk"].map((name) => `/test.Text/${name}`);
const ODD_PATHS = [
  "/test.Text/Missing",
  "/no.Such/Method",
  "/test.Text/",
  "/test.Text/unary",
  "//test.Text/Unary",
  "/",
];

// No empty text: to grpc-js, a message that its codec makes an empty string is no message. That empty messages are taken
// is shown elsewhere.
const TEXTS = [
  "hello",
  "fail",
  "fail with metadata",
  "metadata",
  "answer with metadata",
  "throw",
  "cannot be decoded",
  "cannot be encoded",
  "give 900",
  "ünïcödé € \u{1f600}",
  "enough",
  "count 3 10",
  "count 50 1000",
];

const DETAILS = ["plain words", "100 % sure", "zwölf €uro\n", "", "  spaces  ", "\u{1f600}%25", "tab\there"];

const FIELDS: readonly (readonly TestField[])[] = [
  [["x-text", "some text"]],
  [["x-text", ""]],
  [["x-bytes-bin", "AAH+/w=="]],
  [["x-bytes-bin", "AAH+/w"]],
  [["x-bytes-bin", ""]],
  [["user-agent", "test/1.0"]],
  [["grpc-accept-encoding", "gzip, identity"]],
  [["x-unknown-field", "v".repeat(200)]],
];

const message: fc.Arbitrary<ArbitraryMessage> = fc.record({
  text: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
    {
      weight: 1,
      arbitrary: fc.string({ minLength: 1, maxLength: 50 }).filter((text) => !/^(hang|give|count|fail)/.test(text)),
    },
  ),
  compression: rarely<ArbitraryMessage["compression"]>("none", "gzip", "deflate", "broken"),
  flags: rarely<number | undefined>(undefined, undefined, undefined, 0, 1, 2, 255),
});

/** Calls of the methods in test/conformance/text-methods.ts. */
export const arbitraryCall: fc.Arbitrary<ArbitraryCall> = fc.record({
  httpMethod: rarely("POST", "POST", "POST", "POST", "GET", "PUT"),
  path: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...PATHS) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_PATHS) },
  ),
  contentType: rarely<string | undefined>(
    "application/grpc",
    "application/grpc+proto",
    "application/grpc;charset=utf-8",
    "application/json",
    "text/plain",
    "application/grpcx",
    undefined,
  ),
  timeout: rarely<string | undefined>(undefined, "20S", "1H", "99999999M", "soon", "20", "S", "-1S", "123456789S"),
  encoding: rarely<string | undefined>(undefined, "identity", "gzip", "gzip", "deflate", "snappy"),
  fields: fc.oneof(
    fc.constant([]),
    fc.constantFrom(...FIELDS),
    fc.constantFrom(...DETAILS).map((text): TestField[] => [["x-details", Buffer.from(text).toString("base64")]]),
  ),
  messages: fc.oneof(
    { weight: 8, arbitrary: message.map((one) => [one]) },
    { weight: 2, arbitrary: fc.array(message, { maxLength: 4 }) },
  ),
  cut: rarely(0, 0, 0, 1, 3, 6),
  pieces: fc.oneof(fc.constant([100_000]), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })),
  end: fc.constantFrom("data", "data", "empty", "trailers"),
});

/** The bytes of all messages, without those that are cut off. */
function bodyOf(call: ArbitraryCall): Buffer {
  const bytes = Buffer.concat(call.messages.map(bytesOf));
  return bytes.subarray(0, Math.max(0, bytes.length - call.cut));
}

/** Whether the request ends inside a message. */
export function endsInsideMessage(call: ArbitraryCall): boolean {
  const bytes = bodyOf(call);
  let at = 0;
  while (at + 5 <= bytes.length) at += 5 + bytes.readUInt32BE(at + 1);
  return at !== bytes.length;
}

/** Whether a message says that it is compressed. */
export function isCompressed({ flags, compression }: ArbitraryMessage): boolean {
  return (flags ?? (compression === "none" ? 0 : 1)) === 1;
}

/** The frames of a call on stream 1. */
export function framesOf(call: ArbitraryCall): Buffer {
  const { httpMethod, path, contentType, timeout, encoding } = call;
  const fields: TestField[] = [
    [":method", httpMethod],
    [":scheme", "http"],
    [":path", path],
    [":authority", "test"],
    ["te", "trailers"],
    ...call.fields,
  ];
  if (contentType !== undefined) fields.push(["content-type", contentType]);
  if (timeout !== undefined) fields.push(["grpc-timeout", timeout]);
  if (encoding !== undefined) fields.push(["grpc-encoding", encoding]);
  const pieces = cutUp(bodyOf(call), call.pieces);
  const data = pieces.map((piece, at) =>
    frame(TYPE.DATA, call.end === "data" && at === pieces.length - 1 ? END_STREAM : 0, 1, piece),
  );
  const ends = {
    data: pieces.length === 0 ? frame(TYPE.DATA, END_STREAM, 1) : Buffer.alloc(0),
    empty: frame(TYPE.DATA, END_STREAM, 1),
    trailers: frame(TYPE.HEADERS, END_HEADERS | END_STREAM, 1, hpackBlock([["x-late", "value"]])),
  };
  return Buffer.concat([frame(TYPE.HEADERS, END_HEADERS, 1, hpackBlock(fields)), ...data, ends[call.end]]);
}

function bytesOf({ text, compression, flags }: ArbitraryMessage): Buffer {
  const plain = Buffer.from(text);
  const bodies = { none: plain, gzip: gzipSync(plain), deflate: deflateSync(plain), broken: Buffer.from("no gzip") };
  return grpcMessage(bodies[compression], flags ?? (compression === "none" ? 0 : 1));
}

/** Cuts bytes into pieces of these sizes, in turn; of the last one only, once there are many. */
function cutUp(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = pieces.length > 100 ? 10_000 : (sizes[pieces.length % sizes.length] as number);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
