import { createServer } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import type { Decision } from "../../src/engine/decision.js";
import { GrpcJsServer } from "../../src/grpc/grpc-js-server.js";
import { GrpcClient } from "../support/grpc-client.js";
import { type Decide, SERVER_KINDS, type Servers, startServers } from "../support/grpc-servers.js";
import { until } from "../support/until.js";

const SERVICES = ["", "ratelimit", "envoy.service.ratelimit.v3.RateLimitService"];
const REQUEST = { domain: "shop", descriptors: [{ entries: [{ key: "path", value: "/" }] }] };
const OK: Decision = { overallCode: "OK", statuses: [{ code: "OK" }] };

let servers: Servers | undefined;

describe.each(SERVER_KINDS)("on the %s server", (kind) => {
  afterEach(async () => {
    await servers?.close();
    servers = undefined;
  });

  async function serve(decide: Decide = () => OK): Promise<Servers> {
    servers = await startServers(decide, {}, kind);
    return servers;
  }

  /** An engine that answers when it is told to. */
  function heldEngine() {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const decide = (): Promise<Decision> => {
      engine.calls++;
      return released.then(() => OK);
    };
    const engine = { calls: 0, release, decide };
    return engine;
  }

  describe("gRPC health", () => {
    it.each(SERVICES)("of %j is NOT_SERVING, then what it is set to", async (service) => {
      const { client, grpc } = await serve();
      expect(await client.health(service)).toBe("NOT_SERVING");
      grpc.setServing(true);
      expect(await client.health(service)).toBe("SERVING");
      grpc.setServing(false);
      expect(await client.health(service)).toBe("NOT_SERVING");
    });

    it("of the process itself is SERVING from the start, whatever becomes of the store", async () => {
      const { client, grpc } = await serve();
      expect(await client.health("live")).toBe("SERVING");
      grpc.setServing(true);
      grpc.setServing(false);
      expect(await client.health("live")).toBe("SERVING");
    });

    it("of another service is NOT_FOUND", async () => {
      const { client } = await serve();
      await expect(client.health("other")).rejects.toMatchObject({ code: status.NOT_FOUND });
    });

    it("tells those who watch of each change", async () => {
      const { client, grpc } = await serve();
      const { statuses } = client.watchHealth();
      await until("the first status", () => (statuses.length === 1 ? true : undefined));
      grpc.setServing(true);
      await until("the second status", () => (statuses.length === 2 ? true : undefined));
      grpc.setServing(false);
      await until("the third status", () => (statuses.length === 3 ? true : undefined));
      expect(statuses).toEqual(["NOT_SERVING", "SERVING", "NOT_SERVING"]);
    });

    it("does not need the rate limit service to be asked, so calls go on while it says NOT_SERVING", async () => {
      const { client } = await serve();
      expect(await client.shouldRateLimit(REQUEST)).toMatchObject({ overall_code: "OK" });
    });
  });

  describe("listening for gRPC", () => {
    it("says in one line that a port is in use", async () => {
      const { grpcPort } = await serve();
      const second = new GrpcJsServer();
      await expect(second.listen({ host: "127.0.0.1", port: grpcPort })).rejects.toThrow(
        new Error(`cannot listen for gRPC on 127.0.0.1:${grpcPort}: the address is in use`),
      );
      await second.shutdown(0);
    });

    it("says in one line that a host does not exist", async () => {
      const listen = new GrpcJsServer().listen({ host: "no-such-host.invalid", port: 0 });
      await expect(listen).rejects.toThrow(/^cannot listen for gRPC on no-such-host\.invalid:0: [^\n]+$/);
    });

    it("takes a name, and any free port", async () => {
      const server = new GrpcJsServer();
      expect(await server.listen({ host: "localhost", port: 0 })).toBeGreaterThan(0);
      await server.shutdown(0);
    });
  });

  describe("shutting down the gRPC server", () => {
    it("answers calls in flight, and takes no new ones", async () => {
      const engine = heldEngine();
      const { client, grpc, grpcPort } = await serve(engine.decide);
      const inFlight = client.shouldRateLimit(REQUEST);
      await until("the call is in flight", () => (engine.calls === 1 ? true : undefined));
      const down = grpc.shutdown(10_000);
      await until("the port is free", () => portIsFree(grpcPort));
      const late = new GrpcClient(grpcPort);
      await expect(late.shouldRateLimit(REQUEST)).rejects.toMatchObject({ code: status.UNAVAILABLE });
      late.close();
      engine.release();
      expect(await inFlight).toMatchObject({ overall_code: "OK" });
      await down;
      expect(engine.calls).toBe(1);
    });

    it("ends calls that are still in flight at the deadline", async () => {
      const engine = heldEngine();
      const { client, grpc } = await serve(engine.decide);
      const inFlight = client.shouldRateLimit(REQUEST).catch((error: { code: number }) => error.code);
      await until("the call is in flight", () => (engine.calls === 1 ? true : undefined));
      await grpc.shutdown(50);
      expect([status.UNAVAILABLE, status.CANCELLED, status.INTERNAL]).toContain(await inFlight);
      engine.release();
    });

    it("does not wait for idle connections or for those who watch its health", async () => {
      const { client, grpc } = await serve();
      await client.shouldRateLimit(REQUEST);
      const watch = client.watchHealth();
      await until("the watch has begun", () => (watch.statuses.length === 1 ? true : undefined));
      const started = performance.now();
      await grpc.shutdown(10_000);
      await watch.ended;
      expect(performance.now() - started).toBeLessThan(5_000);
      grpc.setServing(true);
    });
  });

  function portIsFree(port: number): Promise<true | undefined> {
    return new Promise((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(undefined));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
  }
});
