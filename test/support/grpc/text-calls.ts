import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import { TEXT_SERVICE } from "./text-service.js";

export interface TextAnswer {
  readonly error: ServiceError | null;
  readonly response: string | undefined;
  readonly headers: Metadata | undefined;
  readonly trailers: Metadata | undefined;
}

/** One unary call and all that came of it. */
export function callText(
  client: Client,
  text: string,
  metadata: Metadata,
  options: object,
  method = "Unary",
): Promise<TextAnswer> {
  return new Promise((resolve) => {
    let headers: Metadata | undefined;
    let trailers: Metadata | undefined;
    const { requestSerialize, responseDeserialize } = TEXT_SERVICE.Unary;
    const path = `/test.Text/${method}`;
    let outcome: { error: ServiceError | null; response: string | undefined } | undefined;
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      text,
      metadata,
      options,
      (error, response) => {
        outcome = { error, response };
      },
    );
    call.on("metadata", (received: Metadata) => {
      headers = received;
    });
    call.on("status", (ended: { metadata: Metadata }) => {
      trailers = ended.metadata;
      setImmediate(() => resolve({ error: null, response: undefined, ...outcome, headers, trailers }));
    });
  });
}
