import protobuf from "protobufjs";

// The messages of xDS and of its rules as their publishers define them, apart from what Weir reads them by.
const STRUCT = "google/protobuf/struct.proto";

const ROOT = new protobuf.Root();
ROOT.addJSON(protobuf.common.get(STRUCT)?.nested ?? {});
for (const source of [
  `syntax = "proto3"; package google.protobuf;
   message Any { string type_url = 1; bytes value = 2; }`,
  `syntax = "proto3"; package google.rpc;
   message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }`,
  `syntax = "proto3"; package envoy.config.core.v3;
   message Node { string id = 1; string cluster = 2; google.protobuf.Struct metadata = 3; }`,
  `syntax = "proto3"; package envoy.service.discovery.v3;
   message DiscoveryRequest {
     string version_info = 1; envoy.config.core.v3.Node node = 2; repeated string resource_names = 3;
     string type_url = 4; string response_nonce = 5; google.rpc.Status error_detail = 6;
   }
   message DiscoveryResponse {
     string version_info = 1; repeated google.protobuf.Any resources = 2; bool canary = 3; string type_url = 4;
     string nonce = 5;
   }`,
  `syntax = "proto3"; package ratelimit.config.ratelimit.v3;
   enum RateLimitUnit { UNKNOWN = 0; SECOND = 1; MINUTE = 2; HOUR = 3; DAY = 4; MONTH = 5; YEAR = 6; WEEK = 7; }
   message RateLimitReplace { string name = 1; }
   message RateLimitPolicy {
     RateLimitUnit unit = 1; uint32 requests_per_unit = 2; bool unlimited = 3; string name = 4;
     repeated RateLimitReplace replaces = 5;
   }
   message RateLimitDescriptor {
     string key = 1; string value = 2; RateLimitPolicy rate_limit = 3; repeated RateLimitDescriptor descriptors = 4;
     bool shadow_mode = 5; bool detailed_metric = 6; bool quota_mode = 7; google.protobuf.Struct metadata = 8;
   }
   message RateLimitConfig { string name = 1; string domain = 2; repeated RateLimitDescriptor descriptors = 3; }`,
]) {
  protobuf.parse(source, ROOT, { keepCase: true });
}

const REQUEST = ROOT.lookupType("envoy.service.discovery.v3.DiscoveryRequest");
const RESPONSE = ROOT.lookupType("envoy.service.discovery.v3.DiscoveryResponse");
const CONFIG = ROOT.lookupType("ratelimit.config.ratelimit.v3.RateLimitConfig");

export const RATE_LIMIT_CONFIG_TYPE = "type.googleapis.com/ratelimit.config.ratelimit.v3.RateLimitConfig";

/** A RateLimitConfig in plain words: units by name, such as `{ requests_per_unit: 5, unit: "MINUTE" }`. */
export interface ConfigObject {
  readonly name: string;
  readonly domain: string;
  readonly descriptors: readonly object[];
}

/** A request as a control plane reads it; texts that were not sent are empty. */
export interface ReceivedRequest {
  readonly version_info: string;
  readonly node: { readonly id: string; readonly cluster: string; readonly metadata: unknown } | null;
  readonly resource_names: readonly string[];
  readonly type_url: string;
  readonly response_nonce: string;
  readonly error_detail: { readonly code: number; readonly message: string } | null;
}

/** A response in plain words. */
export interface SentResponse {
  readonly version_info: string;
  readonly resources: readonly { readonly type_url: string; readonly value: Uint8Array }[];
  readonly type_url: string;
  readonly nonce: string;
}

export function encodeConfig(config: ConfigObject): Uint8Array {
  return CONFIG.encode(CONFIG.fromObject(config)).finish();
}

/** A RateLimitConfig from its bytes, units by name; what was not sent is left out. */
export function decodeConfig(bytes: Uint8Array): unknown {
  return CONFIG.toObject(CONFIG.decode(bytes), { enums: String });
}

export function encodeResponse(response: SentResponse): Buffer {
  return Buffer.from(RESPONSE.encode(RESPONSE.fromObject(response)).finish());
}

export function decodeRequest(bytes: Uint8Array): ReceivedRequest {
  return REQUEST.toObject(REQUEST.decode(bytes), { defaults: true, arrays: true }) as ReceivedRequest;
}
