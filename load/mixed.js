// Many clients at one rate: of ten requests four are of two heavy clients, far over their limit, three of 300 light ones
// that stay below theirs, one without a key, one for a route that is limited for all clients together, and one for a
// route without a limit.
//
//   k6 run --env TARGET=http://127.0.0.1:10000 --env RATE=300 --env DURATION=30s load/mixed.js
import { ask, markTime, numberOf, optionsOf, paceOf, turn } from "./ask.js";

const rate = numberOf("RATE", 300);
const LIGHT_CLIENTS = 300;
const BUCKETS = ["heavy-a", "heavy-b", "light", "keyless", "checkout", "health"];

export const setup = markTime;
export const teardown = markTime;

export const options = {
  ...optionsOf(BUCKETS),
  scenarios: {
    mixed: { exec: "mixed", ...paceOf(rate, "30s") },
  },
};

export function mixed() {
  const number = turn();
  const round = Math.floor(number / 10);
  switch (number % 10) {
    case 0:
    case 1:
      return ask("heavy-a", "/api/items", { "x-api-key": "load-heavy-a" });
    case 2:
    case 3:
      return ask("heavy-b", "/api/orders", { "x-api-key": "load-heavy-b" });
    case 4:
    case 5:
    case 6:
      return ask("light", "/api/items", { "x-api-key": `light-${(3 * round + (number % 10)) % LIGHT_CLIENTS}` });
    case 7:
      return ask("keyless", "/api/items");
    case 8:
      return ask("checkout", "/checkout");
    default:
      return ask("health", "/health");
  }
}
