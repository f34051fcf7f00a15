import type { ReloadResult } from "../reload/reload-result.js";
import type { RulesInput } from "./rules-input.js";

/** Where rules come from. Whatever it is, they are checked, compiled and put in force in the same way. */
export interface RulesSource {
  /** Asks for the rules to be loaded whenever there may be others, from now on. */
  follow(reload: () => Promise<ReloadResult>): Promise<void>;
  /** What is there to be loaded now; undefined: nothing yet. */
  input(): RulesInput | undefined;
  close(): void;
}
