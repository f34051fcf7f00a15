import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with one file of rules, for tests that need other limits than the shipped ones. */
export interface RulesFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Writes `yaml` into a new folder. */
export async function writeRules(yaml: string): Promise<RulesFolder> {
  const path = await mkdtemp(join(tmpdir(), "weir-rules-"));
  await writeFile(join(path, "rules.yaml"), yaml);
  return { path, remove: () => rm(path, { recursive: true }) };
}
