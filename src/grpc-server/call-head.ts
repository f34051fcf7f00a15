import { fieldValue, type RequestHead } from "../h2/request-head.js";
import { parseGrpcTimeout } from "./grpc-timeout.js";

/** What the head of a request means to gRPC. Requests that share their head share this. */
export interface CallHead<Route> {
  readonly path: string;
  readonly authority: string;
  readonly fields: readonly string[];
  /** Infinity where the caller set none, undefined where what it set is none. */
  readonly timeoutMillis: number | undefined;
  readonly encoding: string;
  /** The HTTP status for what is no gRPC request at all. */
  readonly httpFault: 405 | 415 | undefined;
  /** Who answers it; undefined where nobody does. */
  route: Route | undefined;
}

/** Reads the head of a call, or finds it read (in the head's `memo`). */
export function callHead<Route>(head: RequestHead, routes: ReadonlyMap<string, Route>): CallHead<Route> {
  const call = (head.memo as CallHead<Route> | undefined) ?? readCallHead<Route>(head);
  call.route ??= routes.get(head.path);
  head.memo = call;
  return call;
}

function readCallHead<Route>(head: RequestHead): CallHead<Route> {
  const timeout = fieldValue(head.fields, "grpc-timeout");
  return {
    path: head.path,
    authority: head.authority,
    fields: head.fields,
    timeoutMillis: timeout === undefined ? Number.POSITIVE_INFINITY : parseGrpcTimeout(timeout),
    encoding: fieldValue(head.fields, "grpc-encoding") ?? "identity",
    httpFault: httpFault(head),
    route: undefined,
  };
}

function httpFault(head: RequestHead): 405 | 415 | undefined {
  const contentType = fieldValue(head.fields, "content-type") ?? "";
  if (!/^application\/grpc(?:$|[+;])/i.test(contentType)) return 415;
  return head.method === "POST" ? undefined : 405;
}
