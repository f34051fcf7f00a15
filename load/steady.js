// Requests at one rate.
//
//   k6 run --env TARGET=http://127.0.0.1:10000 --env RATE=300 --env DURATION=30s load/steady.js
//
// `npm run load -- steady` starts all that is needed, with the rules of load/rules, and checks what was let through.
import { durationOf, markTime, numberOf, optionsOf, usersFor } from "./ask.js";
import { askWithKey, KEYS } from "./keys.js";

const rate = numberOf("RATE", 300);

export const setup = markTime;
export const teardown = markTime;

export const options = {
  ...optionsOf(KEYS),
  scenarios: {
    steady: { executor: "constant-arrival-rate", exec: "steady", rate, duration: durationOf("30s"), ...usersFor(rate) },
  },
};

export const steady = askWithKey;
