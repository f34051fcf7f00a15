// Builds dist/ anew: the compiled program, and beside it the Lua scripts and the console's page.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { copyLua } from "./copy-lua.mjs";

const root = resolve(import.meta.dirname, "..");
const dist = resolve(root, "dist");
const main = resolve(dist, "main.js");
const compiler = resolve(root, "node_modules/typescript/bin/tsc");

rmSync(dist, { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
if (compiled.error !== undefined) throw compiled.error;
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

copyLua(resolve(root, "src"), dist);
cpSync(resolve(root, "src/admin/console/page"), resolve(dist, "admin/console/page"), { recursive: true });
if (existsSync(main)) chmodSync(main, 0o755);
