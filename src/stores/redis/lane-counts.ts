import { PlainHistogram } from "../../observe/plain-histogram.js";

/** Decisions of one call. */
const BATCH_SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** What all lanes of a store have counted since the start. */
export class LaneCounts {
  /** Decisions of each call; as many observations as calls. */
  readonly batchSizes = new PlainHistogram(BATCH_SIZE_BOUNDS);
  /** Calls that Redis answered after the last of their decisions had been given up. */
  lateReplies = 0;
  /** Calls of several keys that met a moving slot. */
  splits = 0;
  /** Hits given back of requests that another part refused, by receipt. */
  givenBack = 0;
  /** Hits that were to be given back and stay taken: the receipt was void, or Redis did not answer. */
  notGivenBack = 0;

  sent(decisions: number): void {
    this.batchSizes.observe(decisions);
  }
}
