#!/usr/bin/env node
import { runCli } from "./cli/run-cli.js";
import { readVersion } from "./version.js";

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  process,
  version: readVersion(),
  writeOut: (text) => process.stdout.write(`${text}\n`),
  writeError: (text) => process.stderr.write(`${text}\n`),
  // Loaded when it is needed: no other command waits for the server's code.
  startApp: async (settings, signal) => (await import("./app.js")).startApp(settings, signal),
});
process.exit(exitCode);
