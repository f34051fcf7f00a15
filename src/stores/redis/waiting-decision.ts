import type { Caller, StoreFailure } from "../store.js";
import type { Operation } from "./batch-command.js";

/** A call of the script that came back. */
export interface AnsweredCall {
  /** The moment of its decisions, by Redis' clock. */
  readonly nowMicros: number;
  /** When it was sent, by our own steady clock. */
  readonly sentMillis: number;
}

/** An operation that waits in a lane, and then for Redis. Exactly one of its callbacks is called, once. */
export interface WaitingDecision {
  readonly operation: Operation;
  /** By our own steady clock. */
  readonly deadlineMillis: number;
  readonly caller: Caller | undefined;
  /** Gets the operation's entry in the reply, not checked. */
  readonly onEntry: (entry: readonly unknown[], call: AnsweredCall) => void;
  readonly onFailure: (failure: StoreFailure) => void;
  /**
   * Told in place of a failure when Redis can use only one key a call for now (slots of a Cluster move) and this
   * operation has several: nothing was charged. Absent: that is a failure.
   */
  readonly onSplit?: () => void;
  isSettled: boolean;
  /** It came too late by a clock that we had wrong, and goes once more. */
  isRetried: boolean;
}
