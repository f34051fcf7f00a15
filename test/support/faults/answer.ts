/** What an answer to ShouldRateLimit says, as far as the fault suite needs to know. */
export interface Answer {
  readonly isAdmitted: boolean;
  /** Whether a store decided: only then a status tells of its limit (D7, D13). */
  readonly isDecided: boolean;
  /** Whole tokens left, of each descriptor in order. */
  readonly remaining: readonly number[];
}

const OK = 1;

/** Reads a RateLimitResponse by the published encoding. */
export function readAnswer(bytes: Buffer): Answer {
  let code = 0;
  let isDecided = false;
  const remaining: number[] = [];
  for (const { field, number, content } of fieldsOf(bytes)) {
    if (field === 1) code = number;
    if (field !== 2) continue;
    let left = 0;
    for (const status of fieldsOf(content)) {
      if (status.field === 2) isDecided = true;
      if (status.field === 3) left = status.number;
    }
    remaining.push(left);
  }
  return { isAdmitted: code === OK, isDecided, remaining };
}

interface Field {
  readonly field: number;
  /** Of a varint. */
  readonly number: number;
  /** Of what has a length. */
  readonly content: Buffer;
}

const NOTHING = Buffer.alloc(0);

function* fieldsOf(bytes: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === 0) yield { field, number: varint(), content: NOTHING };
    else if (wireType === 2) {
      const length = varint();
      yield { field, number: 0, content: bytes.subarray(at, at + length) };
      at += length;
    } else throw new Error(`field ${field} of wire type ${wireType} does not belong into an answer`);
  }
}
