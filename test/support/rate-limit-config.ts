import protobuf from "protobufjs/minimal.js";

/*
 * RateLimitConfig as tests write it, by the numbers of the published definition and apart from what Weir reads it by.
 * Unlike an encoder made of the definition it can write what that would refuse.
 */

export interface ConfigPlan {
  readonly name?: string;
  readonly domain?: string;
  readonly descriptors?: readonly DescriptorPlan[];
}

export interface DescriptorPlan {
  readonly key?: string;
  readonly value?: string;
  readonly limit?: LimitPlan;
  readonly descriptors?: readonly DescriptorPlan[];
  readonly shadow?: boolean;
  readonly detailed?: boolean;
  readonly quota?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface LimitPlan {
  /** UNKNOWN 0, SECOND 1, MINUTE 2, HOUR 3, DAY 4, MONTH 5, YEAR 6, WEEK 7. */
  readonly unit?: number;
  readonly requests?: number;
  readonly unlimited?: boolean;
  readonly name?: string;
  readonly replaces?: readonly string[];
}

/** Bytes of a message whose fields are given as writer calls. */
export class Message {
  readonly #writer = protobuf.Writer.create();

  text(field: number, value: string | undefined): this {
    if (value !== undefined) this.#writer.uint32(field * 8 + 2).string(value);
    return this;
  }

  bytes(field: number, value: Uint8Array | undefined): this {
    if (value !== undefined) this.#writer.uint32(field * 8 + 2).bytes(value);
    return this;
  }

  varint(field: number, value: number | boolean | undefined): this {
    if (value !== undefined) this.#writer.uint32(field * 8).int64(Number(value));
    return this;
  }

  double(field: number, value: number): this {
    this.#writer.uint32(field * 8 + 1).double(value);
    return this;
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#writer.finish());
  }
}

export function encodeConfig({ name, domain, descriptors = [] }: ConfigPlan): Uint8Array {
  const message = new Message().text(1, name).text(2, domain);
  for (const descriptor of descriptors) message.bytes(3, encodeDescriptor(descriptor));
  return message.finish();
}

export function encodeDescriptor(plan: DescriptorPlan): Uint8Array {
  const { limit, metadata } = plan;
  const message = new Message().text(1, plan.key).text(2, plan.value);
  message.bytes(3, limit === undefined ? undefined : encodeLimit(limit));
  for (const descriptor of plan.descriptors ?? []) message.bytes(4, encodeDescriptor(descriptor));
  message.varint(5, plan.shadow).varint(6, plan.detailed).varint(7, plan.quota);
  return message.bytes(8, metadata === undefined ? undefined : encodeStruct(metadata)).finish();
}

export function encodeLimit({ unit, requests, unlimited, name, replaces = [] }: LimitPlan): Uint8Array {
  const message = new Message().varint(1, unit).varint(2, requests).varint(3, unlimited).text(4, name);
  for (const each of replaces) message.bytes(5, new Message().text(1, each).finish());
  return message.finish();
}

function encodeStruct(object: Readonly<Record<string, unknown>>): Uint8Array {
  const message = new Message();
  for (const [key, value] of Object.entries(object)) {
    message.bytes(1, new Message().text(1, key).bytes(2, encodeValue(value)).finish());
  }
  return message.finish();
}

function encodeValue(value: unknown): Uint8Array {
  const message = new Message();
  if (value === null) return message.varint(1, 0).finish();
  if (typeof value === "number") return message.double(2, value).finish();
  if (typeof value === "string") return message.text(3, value).finish();
  if (typeof value === "boolean") return message.varint(4, value).finish();
  if (!Array.isArray(value)) return message.bytes(5, encodeStruct(value as Record<string, unknown>)).finish();
  const list = new Message();
  for (const each of value) list.bytes(1, encodeValue(each));
  return message.bytes(6, list.finish()).finish();
}
