// Loaded into a program under test by `node --import`: collects all garbage on SIGUSR2, so that what its heap holds
// afterwards is in use.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("globalThis.gc");
  process.on("SIGUSR2", () => collect());
}
