import type { LimitDefaults } from "../xds/limit-defaults.js";
import type { PackedResources } from "./packed-resources.js";

/** What rules are to be made of, for the thread that makes them. */
export type RulesInput =
  | { readonly kind: "files" /** A file or a folder. */; readonly path: string }
  | {
      readonly kind: "resources";
      /** As their sender calls them. */
      readonly version: string;
      readonly resources: PackedResources;
      readonly defaults: LimitDefaults;
    };
