import { MemoryStore } from "../../src/stores/memory/memory-store.js";
import { describeStoreConformance } from "./store-suite.js";

describeStoreConformance("memory", (options) => {
  let clock = 1_795_392_000_000_000;
  const store = new MemoryStore({ ...options, nowMicros: () => clock });
  return Promise.resolve({
    store,
    nowMicros: () => clock,
    advance: (micros) => {
      clock += micros;
      return Promise.resolve();
    },
    close: () => store.close(),
  });
});
