/**
 * The messages of the rate limit protocol as proto-loader gives and takes them (see package-definition.ts): what was
 * not sent is absent, an enum is its name or an unknown number, a 64-bit number is decimal text.
 */
export interface RateLimitRequestMessage {
  readonly domain?: string;
  readonly descriptors?: readonly DescriptorMessage[];
  readonly hits_addend?: number;
}

export interface DescriptorMessage {
  readonly entries?: readonly EntryMessage[];
  readonly limit?: OverrideMessage | null;
  readonly hits_addend?: { readonly value?: string } | null;
  readonly is_negative_hits?: boolean;
}

export interface EntryMessage {
  readonly key?: string;
  readonly value?: string;
}

export interface OverrideMessage {
  readonly requests_per_unit?: number;
  readonly unit?: string | number;
  readonly unit_multiplier?: { readonly value?: number } | null;
}

export interface RateLimitResponseMessage {
  readonly overall_code: string;
  readonly statuses: readonly DescriptorStatusMessage[];
  readonly dynamic_metadata?: StructMessage;
}

export interface DescriptorStatusMessage {
  readonly code: string;
  readonly current_limit?: CurrentLimitMessage;
  readonly limit_remaining?: number;
  readonly duration_until_reset?: { readonly seconds: number };
}

export interface CurrentLimitMessage {
  readonly requests_per_unit: number;
  readonly unit: string;
  readonly name?: string;
  readonly unit_multiplier?: { readonly value: number };
}

/** google.protobuf.Struct */
export interface StructMessage {
  readonly fields: Readonly<Record<string, ValueMessage>>;
}

/** google.protobuf.Value: exactly one of its fields. */
export type ValueMessage =
  | { readonly nullValue: "NULL_VALUE" }
  | { readonly numberValue: number }
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly structValue: StructMessage }
  | { readonly listValue: { readonly values: readonly ValueMessage[] } };
