import { afterEach, describe, expect, it } from "vitest";
import { callUntilWarm } from "../../../../src/app/warm-up/warm-up.js";
import { warmUpMessages } from "../../../../src/app/warm-up/warm-up-messages.js";
import { WARM_UP_DOMAIN, warmUpRules } from "../../../../src/app/warm-up/warm-up-rules.js";
import type { Decision } from "../../../../src/engine/decision.js";
import { Engine } from "../../../../src/engine/engine.js";
import { decodeRequest } from "../../../../src/grpc/codec/decode-request.js";
import { NativeGrpcServer } from "../../../../src/grpc/native-grpc-server.js";
import { MemoryStore } from "../../../../src/stores/memory/memory-store.js";
import { DEFAULT_SETTINGS, RecordedEvents } from "../../../support/engine-under-test.js";

const PATH = "/test.Warm/Up";

let server: NativeGrpcServer | undefined;

afterEach(async () => {
  await server?.shutdown(0);
  server = undefined;
});

/** A server whose one method does this. */
async function serve(answer: () => Promise<Buffer>) {
  server = new NativeGrpcServer();
  server.addUnary({
    name: "Up",
    definition: {
      path: PATH,
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
    },
    handler: async () => ({ response: await answer() }),
  });
  return { path: PATH, port: await server.listen({ host: "127.0.0.1", port: 0 }) };
}

describe("what the warm-up asks", () => {
  it("meets every kind of rule, and is let through, refused, and neither", () => {
    const events = new RecordedEvents();
    const rules = warmUpRules();
    const nowMicros = () => 1_700_000_000_000_000;
    const store = new MemoryStore({ nowMicros });
    const engine = new Engine({ rules: () => rules, store, settings: DEFAULT_SETTINGS, events });
    const decisions: Decision[] = [];
    for (let round = 0; round < 4; round++) {
      for (const message of warmUpMessages(round)) decisions.push(engine.decide(decodeRequest(message)) as Decision);
    }
    const told = (what: "rule" | "outcome") => [...new Set(events.descriptors.map((event) => event[what]))].sort();
    expect(told("outcome")).toEqual(["no_rule", "ok", "over_limit", "shadow_over_limit", "unlimited"]);
    expect(told("rule")).toEqual([
      ...[
        "",
        "(override)",
        "address",
        "client",
        "client~cidr:192.0.2.0/24",
        "model",
        "path=/api/*",
        "path=/api/* > address",
      ],
      ...["path=/login", "path~regex:^/v[0-9]+/export$"],
    ]);
    expect(events.overridesIgnored).toEqual([]);
    expect(new Set(decisions.map(({ overallCode }) => overallCode))).toEqual(new Set(["OK", "OVER_LIMIT"]));
  });

  it("is of a domain that no other rules have", () => {
    expect([...warmUpRules().domains.keys()]).toEqual([WARM_UP_DOMAIN]);
  });
});

describe("calling a server until it is warm", () => {
  it("ends when it has called often enough", async () => {
    let answered = 0;
    const target = await serve(() => {
      answered++;
      return Promise.resolve(Buffer.from("answer"));
    });
    const { calls } = await callUntilWarm(target, { calls: 100, millis: 20_000 });
    expect(calls).toBe(answered);
    expect(calls).toBeGreaterThanOrEqual(100);
    expect(calls).toBeLessThan(100 + warmUpMessages(0).length);
  });

  it("ends when its time is up, with what it has done by then", async () => {
    let answered = 0;
    const target = await serve(() => {
      answered++;
      return answered <= 3 * warmUpMessages(0).length ? Promise.resolve(Buffer.alloc(0)) : new Promise(() => {});
    });
    const { calls, millis } = await callUntilWarm(target, { calls: 1_000_000, millis: 500 });
    expect(calls).toBe(3 * warmUpMessages(0).length);
    expect(millis).toBeGreaterThanOrEqual(499);
  });

  it("fails when nothing is answered in its time", async () => {
    const target = await serve(() => new Promise(() => {}));
    await expect(callUntilWarm(target, { calls: 100, millis: 50 })).rejects.toThrow("no answers within 50 ms");
  });

  it("fails with the status of a call that is not OK", async () => {
    const target = await serve(() => Promise.resolve(Buffer.alloc(0)));
    const missing = callUntilWarm({ ...target, path: "/test.Warm/Down" }, { calls: 100, millis: 20_000 });
    await expect(missing).rejects.toThrow("gRPC status 12");
  });

  it("fails when nobody listens", async () => {
    const { port } = await serve(() => Promise.resolve(Buffer.alloc(0)));
    await server?.shutdown(0);
    const refused = callUntilWarm({ path: PATH, port }, { calls: 100, millis: 20_000 });
    await expect(refused).rejects.toThrow("ECONNREFUSED");
  });
});
