/** What has become of calls since the start. */
export interface CallCounters {
  /** Calls answered, by status code. */
  readonly statuses: number[];
  /** Calls that the caller gave up before they were answered. */
  cancelled: number;
  /** Requests that were no gRPC, answered with an HTTP status. */
  notGrpc: number;
}

export function createCallCounters(): CallCounters {
  return { statuses: new Array(17).fill(0), cancelled: 0, notGrpc: 0 };
}

/** Notes a call answered with that status code. */
export function countStatus(counters: CallCounters, code: number): void {
  counters.statuses[code] = (counters.statuses[code] ?? 0) + 1;
}
