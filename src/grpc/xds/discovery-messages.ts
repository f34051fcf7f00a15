/** The resources that are asked for. */
export const RATE_LIMIT_CONFIG = "type.googleapis.com/ratelimit.config.ratelimit.v3.RateLimitConfig";

/** Who asks. */
export interface Node {
  readonly id: string;
  readonly cluster: string;
  /** A `google.protobuf.Struct`, of texts only. Absent: there is none. */
  readonly metadata?: { readonly fields: Readonly<Record<string, { readonly stringValue: string }>> };
}

/** Asks a control plane for resources, or answers what it sent. Fields that are absent stay empty. */
export interface DiscoveryRequest {
  readonly version_info: string;
  /** In the first request of a stream. */
  readonly node?: Node;
  readonly type_url: string;
  readonly response_nonce: string;
  readonly error_detail?: { readonly code: number; readonly message: string };
}

/** All resources of a type, as a control plane sends them. */
export interface DiscoveryResponse {
  readonly version_info: string;
  readonly resources: readonly { readonly type_url: string; readonly value: Uint8Array }[];
  readonly type_url: string;
  readonly nonce: string;
}
