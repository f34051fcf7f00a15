import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

// Writes the schema that editors check rules files with, from a fresh build. A test fails when it is not current.
// The build is imported by its address, since it need not be there when this file's types are checked.
const built = new URL("../dist/rules/json-schema.js", import.meta.url);
const { rulesJsonSchema } = await import(built.href);
const target = fileURLToPath(new URL("../config/rules.schema.json", import.meta.url));
await writeFile(target, `${JSON.stringify(rulesJsonSchema(), null, 2)}\n`);
execFileSync("npx", ["biome", "format", "--write", target], { stdio: "inherit" });
