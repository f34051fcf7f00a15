/** A metric in a query, with what it is selected by. */
export interface Selector {
  readonly metric: string;
  /** By label: operator and value, such as `=~$job`. */
  readonly matchers: ReadonlyMap<string, string>;
  /** The function around its range, such as `rate`, and the range; absent where it has none. */
  readonly range?: { readonly around: string; readonly duration: string };
}

const KEYWORDS = new Set(["and", "or", "unless", "offset", "bool"]);
const GROUPING = /\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g;
const SELECTOR = /(?:(\w+)\s*\(\s*)?\b([a-zA-Z_:][\w:]*)\b(?!\s*\()(?:\{([^}]*)\})?(?:\[([^\]]*)\])?/g;
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;

/** The metrics that a query of ours asks for. No parser: it knows what our queries hold, and no braces in label values. */
export function selectorsOf(query: string): Selector[] {
  const found: Selector[] = [];
  for (const [, around = "", metric = "", braces = "", duration] of query.replace(GROUPING, " ").matchAll(SELECTOR)) {
    if (KEYWORDS.has(metric)) continue;
    const matchers = new Map([...braces.matchAll(MATCHER)].map(([, label, how, value]) => [label!, `${how}${value}`]));
    found.push({ metric, matchers, ...(duration === undefined ? {} : { range: { around, duration } }) });
  }
  return found;
}
