import type { Operation } from "./batch-command.js";

const RATE = 1_000_000;

/**
 * A decision that matters to nobody and writes a key: an answer to it shows that Redis answers and can write. All
 * identities of buckets start with their version, so that this is none.
 */
export const PROBE: Operation = {
  kind: "whole",
  charges: [
    {
      key: "probe",
      limit: { algorithm: "token_bucket", tokensPerPeriod: RATE, periodMicros: 1_000_000, burst: RATE, maxDebt: 0 },
      role: "enforced",
      action: "take",
      hits: 1,
    },
  ],
};
