/** How bad faults of a kind are, and what such a fault is. */
interface FaultKind {
  readonly severity: "error" | "warning";
  readonly meaning: string;
}

/** All kinds of faults in rules by their stable codes. docs/faults.md has a section with an example for each. */
export const FAULT_CODES = {
  // Files.
  unreadable: { severity: "error", meaning: "A file, a folder or a resource cannot be read." },
  "no-rules-files": { severity: "error", meaning: "A folder has no rules files." },
  "too-large": { severity: "error", meaning: "A file, or all of them together, is larger than Weir takes." },
  "skipped-file": { severity: "warning", meaning: "A file that envoyproxy/ratelimit would load is not loaded." },

  // YAML.
  "invalid-yaml": { severity: "error", meaning: "The file is not valid YAML." },
  "unresolved-tag": { severity: "warning", meaning: "A YAML tag or directive means nothing here." },
  "empty-file": { severity: "error", meaning: "The file has no content." },
  "several-documents": { severity: "error", meaning: "A file has more than one YAML document." },
  "nested-too-deep": { severity: "error", meaning: "Maps and lists nest deeper than Weir takes." },
  "too-many-aliases": {
    severity: "error",
    meaning: "Aliases and merge keys blow the file up, or stand in themselves.",
  },
  "unknown-anchor": { severity: "error", meaning: "An alias has no anchor before it." },
  "duplicate-key": { severity: "error", meaning: "A key stands twice in one map." },
  "invalid-key": { severity: "error", meaning: "A key of a map is no text that can be a key." },
  "invalid-merge": { severity: "error", meaning: "A merge key is given something that is no map." },
  "invalid-metadata": { severity: "error", meaning: "Metadata has what JSON has not." },
  "yaml-1-1": { severity: "warning", meaning: "A flag or number is written as only YAML 1.1 reads it." },

  // The grammar.
  "unknown-key": { severity: "error", meaning: "A key is not part of the language." },
  "misplaced-key": { severity: "error", meaning: "A key of Weir's own stands where it has no meaning." },
  "ignored-key": {
    severity: "warning",
    meaning: "A key of envoyproxy/ratelimit stands where that ignores it, as Weir does.",
  },
  "missing-key": { severity: "error", meaning: "A key that must be there is missing." },
  "empty-text": { severity: "error", meaning: "A text that must not be empty is." },
  "wrong-type": { severity: "error", meaning: "A value is of another type than its key takes." },
  "wrong-number": { severity: "error", meaning: "A number is not whole, or outside its range." },

  // Limits.
  "missing-unit": { severity: "error", meaning: "A limit has no unit." },
  "unknown-unit": { severity: "error", meaning: "A unit is none of those that there are." },
  "unlimited-with-unit": { severity: "error", meaning: "A limit is unlimited and has a unit." },
  "period-too-long": { severity: "error", meaning: "unit times unit_multiplier is longer than Weir can count." },
  "unknown-algorithm": { severity: "error", meaning: "An algorithm is none of those that there are." },
  "invalid-duration": { severity: "error", meaning: "A duration is none, or cannot be counted in microseconds." },
  "burst-without-rate": { severity: "error", meaning: "A limit of 0 requests has a burst." },
  "burst-in-window": { severity: "error", meaning: "A limit that counts in windows has a burst." },
  "several-limit-forms": { severity: "error", meaning: "A descriptor has its limits in more than one form." },
  "no-limits": { severity: "error", meaning: "rate_limits is an empty list." },
  "unlimited-among-limits": { severity: "error", meaning: "One of several limits of a rule is unlimited." },
  "shared-bucket": { severity: "error", meaning: "Two limits of a rule would count in the same bucket." },
  "replaces-itself": { severity: "error", meaning: "A limit replaces itself." },
  "unknown-replaces": { severity: "warning", meaning: "replaces names a limit that its domain does not have." },
  "rate-of-unlimited": { severity: "warning", meaning: "An unlimited limit has keys of a rate, which do nothing." },
  "burst-below-one": { severity: "warning", meaning: "A burst of 0 refuses every request, whatever the rate." },

  // Descriptors.
  "duplicate-rule": { severity: "error", meaning: "The same descriptor is there twice." },
  "several-matchers": { severity: "error", meaning: "A descriptor has more than one of value, cidr and regex." },
  "invalid-network": { severity: "error", meaning: "A cidr is no network." },
  "host-bits": { severity: "error", meaning: "A cidr has an address inside a network in place of the network's own." },
  "invalid-regex": { severity: "error", meaning: "A regex is not valid, or too large." },
  "share-without-pattern": { severity: "error", meaning: "share_threshold stands where all values are one anyway." },
  "invalid-header": { severity: "error", meaning: "A header of a deny_response cannot be sent." },
  "response-too-large": { severity: "error", meaning: "A deny_response is larger than Weir takes." },
  "never-met": { severity: "warning", meaning: "A descriptor can never be met, others are always met before it." },
  "flag-without-limit": { severity: "warning", meaning: "A key says how a limit works where there is no limit." },
  "metric-of-pattern": {
    severity: "warning",
    meaning: "value_to_metric does nothing: share_threshold makes all values one.",
  },
} as const satisfies Record<string, FaultKind>;

/** What kind a fault is of; stable, for scripts and for the docs. */
export type FaultCode = keyof typeof FAULT_CODES;
