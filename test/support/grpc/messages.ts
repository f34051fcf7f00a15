import { END_HEADERS, END_STREAM, frame, TYPE, uint32 } from "../h2/frames.js";
import { hpackBlock, type TestField } from "../h2/hpack.js";

/** A message as gRPC frames it. */
export function grpcMessage(body: Uint8Array | string, flags = 0): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from([flags]), uint32(bytes.length), bytes]);
}

export function callFields(path: string, more: readonly TestField[] = []): TestField[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "test"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ...more,
  ];
}

export function callHeaders(id: number, path: string, more: readonly TestField[] = [], flags = END_HEADERS): Buffer {
  return frame(TYPE.HEADERS, flags, id, hpackBlock(callFields(path, more)));
}

/** A whole unary call. */
export function unaryCall(
  id: number,
  path: string,
  body: Uint8Array | string,
  more: readonly TestField[] = [],
): Buffer {
  return Buffer.concat([callHeaders(id, path, more), frame(TYPE.DATA, END_STREAM, id, grpcMessage(body))]);
}
