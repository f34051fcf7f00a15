import { encodeFields, type Field } from "../h2/hpack/encode-fields.js";
import { type MetadataSource, metadataFields } from "./metadata-fields.js";
import { percentEncode } from "./percent-encoding.js";
import { type CallStatus, STATUS } from "./status.js";

/** What we can read, as a caller whose encoding we cannot read is told. */
const ACCEPTED_ENCODINGS = "identity,deflate,gzip";

const ANSWER_FIELDS: readonly Field[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];

/** The headers of every answer with a message and without metadata. */
export const ANSWER_HEADERS = encodeFields(ANSWER_FIELDS);

/** The trailing fields of every call that went well, without metadata. */
export const OK_TRAILERS = encodeFields([["grpc-status", "0"]]);

/** How much of what we cannot read is said back, characters. */
const MAX_ECHO = 40;

/** Statuses kept encoded: a failing store gives the same words to every call. */
const MAX_KEPT = 64;
const kept = new Map<string, Buffer>();

/** The headers of an answer, with metadata. */
export function answerHeaders(metadata: MetadataSource | undefined): Buffer {
  const fields = metadataFields(metadata);
  return fields.length === 0 ? ANSWER_HEADERS : encodeFields([...ANSWER_FIELDS, ...fields]);
}

/** The trailing fields of an answer whose headers have been sent. */
export function statusTrailers(status: CallStatus): Buffer {
  const fields = metadataFields(status.metadata);
  if (status.code === STATUS.OK && !status.details && fields.length === 0) return OK_TRAILERS;
  return encodeFields([...statusFields(status), ...fields]);
}

/** A whole answer of a status and no message ("trailers-only"). */
export function statusOnly(status: CallStatus): Buffer {
  const fields = metadataFields(status.metadata);
  if (fields.length > 0) return encodeFields([...ANSWER_FIELDS, ...statusFields(status), ...fields]);
  const key = `${status.code} ${status.details ?? ""}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const block = encodeFields([...ANSWER_FIELDS, ...statusFields(status)]);
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(key, block);
  return block;
}

/** A message in an encoding that we cannot read. */
export function unknownEncodingAnswer(encoding: string): Buffer {
  const details = `unsupported encoding ${JSON.stringify(encoding.slice(0, MAX_ECHO))}`;
  const fields = statusFields({ code: STATUS.UNIMPLEMENTED, details });
  return encodeFields([...ANSWER_FIELDS, ...fields, ["grpc-accept-encoding", ACCEPTED_ENCODINGS]]);
}

function statusFields(status: CallStatus): Field[] {
  const fields: Field[] = [["grpc-status", String(status.code)]];
  if (status.details) fields.push(["grpc-message", percentEncode(status.details)]);
  return fields;
}
