import type { JsonObject, JsonValue } from "../../rules/rule.js";
import type { StructMessage, ValueMessage } from "./messages.js";

/** A JSON object as a google.protobuf.Struct. */
export function structToMessage(object: JsonObject): StructMessage {
  // fromEntries makes own properties of any key, `__proto__` too.
  return { fields: Object.fromEntries(Object.entries(object).map(([key, value]) => [key, valueToMessage(value)])) };
}

function valueToMessage(value: JsonValue): ValueMessage {
  if (value === null) return { nullValue: "NULL_VALUE" };
  if (typeof value === "number") return { numberValue: value };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (isList(value)) return { listValue: { values: value.map(valueToMessage) } };
  return { structValue: structToMessage(value) };
}

/** Array.isArray does not narrow a readonly array. */
function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
