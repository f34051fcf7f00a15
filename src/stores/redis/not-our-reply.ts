import { StoreFailure } from "../store.js";

/** Redis answered, but not as any script of ours does. */
export function notOurReply(): StoreFailure {
  return new StoreFailure("error", "Redis' reply is not one of Weir's script");
}
