// Requests at one rate.
//
//   k6 run --env TARGET=http://127.0.0.1:10000 --env RATE=300 --env DURATION=30s load/steady.js
//
// `npm run load -- steady` starts all that is needed, with the rules of load/rules, and checks what was let through.
import { markTime, numberOf, optionsOf, paceOf } from "./ask.js";
import { askWithKey, KEYS } from "./keys.js";

const rate = numberOf("RATE", 300);

export const setup = markTime;
export const teardown = markTime;

export const options = {
  ...optionsOf(KEYS),
  scenarios: {
    steady: { exec: "steady", ...paceOf(rate, "30s") },
  },
};

export const steady = askWithKey;
