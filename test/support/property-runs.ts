/** A tenth is enough to notice a change of the code, and there are a thousand of them (`npm run mutate`). */
const IS_MUTATION_TEST = process.env.STRYKER_MUTATOR_WORKER !== undefined;

/** How often a property is tried. */
export function runs(count: number): number {
  return IS_MUTATION_TEST ? Math.ceil(count / 10) : count;
}
