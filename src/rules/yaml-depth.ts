import type { CST } from "yaml";

/** How deep maps and lists may nest in a rules file. Two levels make one level of descriptors. */
export const MAX_YAML_DEPTH = 64;

/**
 * The offset of the first map or list that nests too deeply among those that the parser has open, so that it can be
 * stopped before a file of nothing but brackets costs a minute and gigabytes.
 */
export function findTooDeepOpen(open: readonly CST.Token[]): number | undefined {
  if (open.length <= MAX_YAML_DEPTH) return undefined;
  const collections = open.filter((token) => "items" in token);
  return collections[MAX_YAML_DEPTH]?.offset;
}

/**
 * The offset of the first map or list that nests deeper than MAX_YAML_DEPTH, if any.
 *
 * It looks at the tokens, without recursion, before anything that recurses sees them: `yaml` composes recursively, and
 * deep down a stack overflow is not always an exception that can be caught (V8 aborts when it compiles a regular
 * expression there).
 */
export function findTooDeep(document: CST.Token): number | undefined {
  if (document.type !== "document" || document.value === undefined) return undefined;
  const open: { token: CST.Token; depth: number }[] = [{ token: document.value, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (!("items" in token)) continue;
    if (depth > MAX_YAML_DEPTH) return token.offset;
    // Backwards, so that the first item is looked at first.
    for (let i = token.items.length - 1; i >= 0; i -= 1) {
      const item = token.items[i];
      if (item?.value) open.push({ token: item.value, depth: depth + 1 });
      if (item?.key) open.push({ token: item.key, depth: depth + 1 });
    }
  }
  return undefined;
}
