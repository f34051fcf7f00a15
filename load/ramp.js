// Requests at a rate that rises in ten equal steps up to RATE; each step's times are told apart.
//
//   k6 run --env TARGET=http://127.0.0.1:10000 --env RATE=5000 --env STEP=5 load/ramp.js

import exec from "k6/execution";
import { elapsedSeconds, markTime, numberOf, optionsOf, usersFor } from "./ask.js";
import { askWithKey, KEYS } from "./keys.js";

const STEPS = 10;
const rate = numberOf("RATE", 5000);
/** Seconds that each step lasts. */
const step = numberOf("STEP", 5);

const steps = Array.from({ length: STEPS }, (_, index) => index + 1);
const perStep = steps.flatMap((number) => [`http_req_duration{step:${number}}`, `http_reqs{step:${number}}`]);

export const setup = markTime;
export const teardown = markTime;

export const options = {
  ...optionsOf(KEYS, Object.fromEntries(perStep.map((name) => [name, []]))),
  scenarios: {
    ramp: {
      executor: "ramping-arrival-rate",
      exec: "ramp",
      startRate: Math.ceil(rate / STEPS),
      stages: steps.flatMap((number) => {
        const target = Math.ceil((rate * number) / STEPS);
        return [
          { target, duration: 0 },
          { target, duration: `${step}s` },
        ];
      }),
      ...usersFor(rate),
    },
  },
};

export function ramp() {
  exec.vu.metrics.tags.step = String(Math.min(STEPS, Math.floor(elapsedSeconds() / step) + 1));
  askWithKey();
}
