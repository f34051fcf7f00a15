import { z } from "zod";
import { ALGORITHMS } from "../../rules/algorithm.js";
import { compileRules, type LoadResult } from "../../rules/load-rules.js";
import type { SourceFile } from "../../rules/source-file.js";
import { type AdminTarget, askAdmin, NoAdminAnswer } from "../admin/ask-admin.js";

const sourcesSchema = z.object({
  loadedAt: z.string(),
  defaultAlgorithm: z.enum(ALGORITHMS),
  parts: z.array(z.object({ file: z.string(), text: z.string() })),
  next: z.number().nullable(),
});

type Page = z.output<typeof sourcesSchema>;

/** How often to begin anew when the server's rules change while they are read. */
const MOST_TRIES = 3;

/**
 * The rules that a running server has in force, with their places.
 * @throws NoAdminAnswer
 */
export async function rulesOfServer(target: AdminTarget): Promise<LoadResult> {
  for (let left = MOST_TRIES; left > 0; left--) {
    const pages = await readPages(target);
    const [first] = pages;
    if (first === undefined) continue;
    return compileRules(joinParts(pages), { defaultAlgorithm: first.defaultAlgorithm });
  }
  throw new NoAdminAnswer("its rules change faster than they can be read");
}

/** None when the rules changed meanwhile. */
async function readPages(target: AdminTarget): Promise<Page[]> {
  const pages: Page[] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const page: Page = await askAdmin(target, `sources?offset=${offset}`, sourcesSchema);
    if (pages[0] !== undefined && page.loadedAt !== pages[0].loadedAt) return [];
    pages.push(page);
    offset = page.next;
  }
  return pages;
}

function joinParts(pages: readonly Page[]): SourceFile[] {
  const texts = new Map<string, string>();
  for (const { file, text } of pages.flatMap(({ parts }) => parts)) texts.set(file, (texts.get(file) ?? "") + text);
  return [...texts].map(([path, text]) => ({ path, text }));
}
