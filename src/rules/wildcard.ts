const STAR = "*";

/** Whether text contains `*`, which stands for any run of characters, also none. */
export function hasWildcard(text: string): boolean {
  return text.includes(STAR);
}

/**
 * Whether a descriptor of the rules matches keys by their beginning, as envoyproxy/ratelimit has it: a key that ends
 * in `*` and no value.
 */
export function isKeyWildcard(key: string, value: string | undefined): boolean {
  return value === undefined && key.endsWith(STAR);
}

/** Whether a text meets a pattern. */
export type TextMatcher = (text: string) => boolean;

/** Matches keys that begin as the key wildcard does; only the last `*` is one. */
export function matchKeyWildcard(key: string): TextMatcher {
  const prefix = key.slice(0, -STAR.length);
  return (text) => text.startsWith(prefix);
}

/**
 * Matches values against a pattern with `*` anywhere. It never goes back: what stands between two wildcards is taken
 * where it is found first, so the cost is that of searching each piece once.
 */
export function matchWildcard(pattern: string): TextMatcher {
  const pieces = pattern.split(STAR);
  const prefix = pieces[0] as string;
  const suffix = pieces[pieces.length - 1] as string;
  const middles = pieces.slice(1, -1).filter((piece) => piece !== "");
  if (suffix === "" && middles.length === 0) return (text) => text.startsWith(prefix);
  return (text) => {
    if (text.length < prefix.length + suffix.length) return false;
    if (!text.startsWith(prefix) || !text.endsWith(suffix)) return false;
    const end = text.length - suffix.length;
    let at = prefix.length;
    for (const piece of middles) {
      const found = text.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return at <= end;
  };
}
