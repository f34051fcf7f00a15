import type { JsonObject, JsonValue } from "../rule.js";
import { MAX_YAML_DEPTH } from "../yaml-depth.js";
import {
  doubleField,
  InvalidMessage,
  lengthField,
  type Reader,
  readMessage,
  readText,
  varintField,
} from "./read-message.js";

/**
 * A `google.protobuf.Struct` as JSON. Objects have no prototype: any key is just a key.
 * @param depth which map this is from the top of a rules file, that counted
 * @param into what an earlier part of the same field had, which proto3 adds to
 * @throws InvalidMessage, and other errors for bytes that are no message
 */
export function readStruct(bytes: Uint8Array, depth: number, into: JsonObject = Object.create(null)): JsonObject {
  const object = into as Record<string, JsonValue>;
  checkDepth(depth);
  readMessage(bytes, {
    // A map is a list of messages with a key and a value.
    [lengthField(1)]: (reader) => {
      let key = "";
      let value: JsonValue = null;
      readMessage(reader.bytes(), {
        [lengthField(1)]: (entry) => {
          key = readText(entry);
        },
        [lengthField(2)]: (entry) => {
          value = readValue(entry.bytes(), depth + 1);
        },
      });
      object[key] = value;
    },
  });
  return object;
}

/** A `google.protobuf.Value`; null where nothing is set. Of several that are set the last one counts. */
function readValue(bytes: Uint8Array, depth: number): JsonValue {
  let value: JsonValue = null;
  const set =
    (read: (reader: Reader) => JsonValue) =>
    (reader: Reader): void => {
      value = read(reader);
    };
  readMessage(bytes, {
    [varintField(1)]: set((reader) => {
      reader.int32();
      return null;
    }),
    [doubleField(2)]: set(readNumber),
    [lengthField(3)]: set(readText),
    [varintField(4)]: set((reader) => reader.bool()),
    [lengthField(5)]: set((reader) => readStruct(reader.bytes(), depth)),
    [lengthField(6)]: set((reader) => readList(reader.bytes(), depth)),
  });
  return value;
}

function readList(bytes: Uint8Array, depth: number): JsonValue[] {
  const list: JsonValue[] = [];
  checkDepth(depth);
  readMessage(bytes, { [lengthField(1)]: (reader) => list.push(readValue(reader.bytes(), depth + 1)) });
  return list;
}

function readNumber(reader: Reader): number {
  const number = reader.double();
  // JSON has no negative zero: what is written out must mean what was read.
  if (Number.isFinite(number)) return number === 0 ? 0 : number;
  throw new InvalidMessage(`metadata has ${number}, a number that JSON does not have`, "invalid-metadata");
}

/** The same bound as that of files, so that whatever is decoded could be one. */
export function checkDepth(depth: number): void {
  if (depth <= MAX_YAML_DEPTH) return;
  throw new InvalidMessage(`nested too deeply: at most ${MAX_YAML_DEPTH} levels of maps and lists`, "nested-too-deep");
}
