import type { FaultCode } from "../fault-codes.js";
import type { JsonObject } from "../rule.js";
import type { ConfigDescriptor, ConfigLimit, RateLimitConfig } from "./rate-limit-config.js";
import { InvalidMessage, lengthField, readMessage, readText, varintField } from "./read-message.js";
import { checkDepth, readStruct } from "./read-struct.js";

/** A decoded resource, or as much of it as could be read and what is wrong. */
export interface ReadConfig {
  readonly config: RateLimitConfig;
  readonly fault: { readonly code: FaultCode; readonly message: string } | undefined;
}

/** Decodes a RateLimitConfig. Never throws. */
export function readConfig(bytes: Uint8Array): ReadConfig {
  const descriptors: ConfigDescriptor[] = [];
  const config = { name: "", domain: "", descriptors };
  try {
    readMessage(bytes, {
      [lengthField(1)]: (reader) => {
        config.name = readText(reader);
      },
      [lengthField(2)]: (reader) => {
        config.domain = readText(reader);
      },
      [lengthField(3)]: (reader) => descriptors.push(readDescriptor(reader.bytes(), 3)),
    });
    return { config, fault: undefined };
  } catch (error) {
    return { config, fault: describeError(error) };
  }
}

function describeError(error: unknown): ReadConfig["fault"] {
  if (error instanceof InvalidMessage && error.code !== "unreadable") return error;
  const why = error instanceof RangeError ? "it ends in the middle of a field" : (error as Error).message;
  return { code: "unreadable", message: `not a RateLimitConfig: ${why}` };
}

/** @param depth which map this is in a rules file, from the top: a descriptor in another is two further down */
function readDescriptor(bytes: Uint8Array, depth: number): ConfigDescriptor {
  checkDepth(depth);
  const descriptors: ConfigDescriptor[] = [];
  const flags = { shadowMode: false, detailedMetric: false, quotaMode: false };
  const texts = { key: "", value: "" };
  let rateLimit: ConfigLimit | undefined;
  let metadata: JsonObject | undefined;
  readMessage(bytes, {
    [lengthField(1)]: (reader) => {
      texts.key = readText(reader);
    },
    [lengthField(2)]: (reader) => {
      texts.value = readText(reader);
    },
    [lengthField(3)]: (reader) => {
      rateLimit = readLimit(reader.bytes(), depth + 1, rateLimit);
    },
    [lengthField(4)]: (reader) => descriptors.push(readDescriptor(reader.bytes(), depth + 2)),
    [varintField(5)]: (reader) => {
      flags.shadowMode = reader.bool();
    },
    [varintField(6)]: (reader) => {
      flags.detailedMetric = reader.bool();
    },
    [varintField(7)]: (reader) => {
      flags.quotaMode = reader.bool();
    },
    [lengthField(8)]: (reader) => {
      metadata = readStruct(reader.bytes(), depth + 1, metadata);
    },
  });
  return { ...texts, rateLimit, descriptors, ...flags, metadata };
}

const NO_LIMIT: ConfigLimit = { unit: 0, requestsPerUnit: 0, unlimited: false, name: "", replaces: [] };

/** @param before what an earlier part of the same field had, which proto3 adds to */
function readLimit(bytes: Uint8Array, depth: number, before = NO_LIMIT): ConfigLimit {
  checkDepth(depth);
  const replaces = [...before.replaces];
  const limit = { ...before, replaces };
  readMessage(bytes, {
    [varintField(1)]: (reader) => {
      limit.unit = reader.int32();
    },
    [varintField(2)]: (reader) => {
      limit.requestsPerUnit = reader.uint32();
    },
    [varintField(3)]: (reader) => {
      limit.unlimited = reader.bool();
    },
    [lengthField(4)]: (reader) => {
      limit.name = readText(reader);
    },
    [lengthField(5)]: (reader) => {
      // A list and the map in it.
      checkDepth(depth + 2);
      replaces.push(readReplaced(reader.bytes()));
    },
  });
  return limit;
}

function readReplaced(bytes: Uint8Array): string {
  let name = "";
  readMessage(bytes, {
    [lengthField(1)]: (reader) => {
      name = readText(reader);
    },
  });
  return name;
}
