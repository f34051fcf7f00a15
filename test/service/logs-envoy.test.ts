import { afterAll, beforeAll, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { type Envoy, startEnvoy } from "../support/envoy.js";
import { untilLogged } from "../support/log-lines.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// The shipped configuration of Envoy sends its request id, so that lines of Weir's log can be found by it.

let weir: WeirProcess;
let envoy: Envoy;

beforeAll(async () => {
  weir = await startWeir();
  envoy = await startEnvoy({ weirPort: weir.grpcPort });
});

afterAll(async () => {
  await envoy?.stop();
  await weir?.stop();
});

it("a refusal of Envoy's request is logged with Envoy's id of it", async () => {
  const from = newClient();
  let answers = 0;
  while (answers < 50 && (await envoy.get("/", { from })).status !== 429) answers++;
  expect(answers).toBeLessThan(50);
  const [line] = await untilLogged(weir, '"msg":"over the limit"');
  expect(line).toMatchObject({ rule: "remote_address", overall: "OVER_LIMIT" });
  expect(line?.requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
