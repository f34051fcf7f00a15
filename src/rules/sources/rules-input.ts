import type { LimitDefaults } from "../xds/limit-defaults.js";
import type { PackedParts } from "./packed-parts.js";

/** What rules are to be made of, for the thread that makes them. */
export type RulesInput =
  | { readonly kind: "files" /** A file or a folder. */; readonly path: string }
  | {
      readonly kind: "resources";
      /** As their sender calls them. */
      readonly version: string;
      readonly resources: PackedParts;
      readonly defaults: LimitDefaults;
    };
