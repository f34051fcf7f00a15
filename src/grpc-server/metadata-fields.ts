import type { Field } from "../h2/hpack/encode-fields.js";

/** What can be sent as metadata: grpc-js's Metadata is one, and so is ours. Binary values are in base64. */
export interface MetadataSource {
  toHttp2Headers(): { readonly [name: string]: number | string | readonly string[] | undefined };
}

const NAME = /^[0-9a-z_.-]+$/;
const VALUE = /^[\x20-\x7e]*$/;

/** Fields that are not the application's to set. */
const RESERVED = new Set([
  "connection",
  "content-length",
  "content-type",
  "host",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** The fields of metadata. What cannot be a field, or is not the application's, is left out. */
export function metadataFields(metadata: MetadataSource | undefined): Field[] {
  if (metadata === undefined) return [];
  const fields: Field[] = [];
  for (const [name, value] of Object.entries(metadata.toHttp2Headers())) {
    if (value === undefined || !NAME.test(name) || name.startsWith("grpc-") || RESERVED.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      const text = String(one).trim();
      if (VALUE.test(text)) fields.push([name, text]);
    }
  }
  return fields;
}
