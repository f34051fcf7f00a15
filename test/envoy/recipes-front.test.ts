import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Envoy, startEnvoy } from "../support/envoy.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// The front proxy's settings of the cluster `weir`, under more requests at once than Envoy's defaults would ask about.

const CONNECTIONS = 8;
const REQUESTS_EACH = 500;

let weir: WeirProcess;
let envoy: Envoy;

beforeAll(async () => {
  weir = await startWeir();
  envoy = await startEnvoy({ weirPort: weir.grpcPort, rateLimitTimeout: "20s" });
});

afterAll(async () => {
  await envoy?.stop();
  await weir?.stop();
});

async function statusOn(session: ClientHttp2Session): Promise<number> {
  const stream = session.request({ ":path": "/" });
  const [headers] = (await once(stream, "response")) as [{ ":status": number }];
  stream.close();
  return headers[":status"];
}

it("a burst of 4,000 requests at once is limited to the client's 5, and none is let through without being asked", async () => {
  const sessions = Array.from({ length: CONNECTIONS }, () => connect(envoy.url));
  try {
    await Promise.all(sessions.map((session) => once(session, "remoteSettings")));
    const asked = performance.now();
    const statuses = await Promise.all(
      sessions.flatMap((session) => Array.from({ length: REQUESTS_EACH }, () => statusOn(session))),
    );
    const admitted = statuses.filter((status) => status === 200).length;
    expect(statuses.filter((status) => status === 429)).toHaveLength(CONNECTIONS * REQUESTS_EACH - admitted);
    expect(admitted).toBeGreaterThanOrEqual(5);
    // One more every 2 seconds.
    expect(admitted).toBeLessThanOrEqual(5 + Math.ceil((performance.now() - asked) / 2_000));
    expect(await envoy.stat("cluster.weir.upstream_rq_active_overflow")).toBe(0);
    expect(await envoy.stat("cluster.services.ratelimit.failure_mode_allowed")).toBe(0);
  } finally {
    for (const session of sessions) session.destroy();
  }
});
