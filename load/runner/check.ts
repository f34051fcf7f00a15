/** One thing that must be so. */
export interface Check {
  readonly what: string;
  readonly passed: boolean;
  /** What was found. */
  readonly found: string;
}

/** @param wanted the one number that is right */
export function equal(what: string, found: number, wanted: number): Check {
  return { what, passed: found === wanted, found: found === wanted ? String(found) : `${found}, not ${wanted}` };
}

/** @param least and `most` are right as well */
export function between(what: string, found: number, least: number, most: number): Check {
  if (least === most) return equal(what, found, least);
  return { what, passed: found >= least && found <= most, found: `${found}; ${least} to ${most} should be` };
}
