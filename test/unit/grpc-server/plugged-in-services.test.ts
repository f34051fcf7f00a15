import { fileURLToPath } from "node:url";
import { type Client, credentials, makeGenericClientConstructor, type Server } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation, service as healthService } from "grpc-health-check";
import { afterEach, describe, expect, it } from "vitest";
import { GrpcServer } from "../../../src/grpc-server/server.js";

const PROTO = fileURLToPath(new URL("../../../proto", import.meta.url));

let server: GrpcServer | undefined;
let client: Client | undefined;
afterEach(async () => {
  client?.close();
  await server?.shutdown(0);
});

type Answer = { status: string };
type Health = Client & {
  check(request: object, send: (error: { code: number } | null, answer?: Answer) => void): void;
  watch(request: object): NodeJS.ReadableStream & { cancel(): void };
};

describe("the health service", () => {
  it("is plugged in as it is: check, and watch until the client has seen enough", async () => {
    const health = new HealthImplementation({ "": "SERVING" });
    server = new GrpcServer();
    health.addToServer(server as unknown as Server);
    const port = await server.listen({ host: "127.0.0.1", port: 0 });
    const Health = makeGenericClientConstructor(healthService, "Health");
    const own = new Health(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as Health;
    client = own;
    const check = (service: string) =>
      new Promise<unknown>((resolve) =>
        own.check({ service }, (error, answer) => resolve(error?.code ?? answer?.status)),
      );
    expect(await check("")).toBe("SERVING");
    expect(await check("no such service")).toBe(5);

    const seen: string[] = [];
    const watch = own.watch({ service: "" });
    watch.on("error", () => {});
    watch.on("data", ({ status }: Answer) => seen.push(status));
    await expect.poll(() => seen).toEqual(["SERVING"]);
    health.setStatus("", "NOT_SERVING");
    await expect.poll(() => seen).toEqual(["SERVING", "NOT_SERVING"]);
    watch.cancel();
    await expect.poll(() => server?.counters.h2.streamsOpen).toBe(0);
    health.setStatus("", "SERVING");
    expect(seen).toHaveLength(2);
  });
});

describe("the reflection service", () => {
  it("is plugged in as it is", async () => {
    server = new GrpcServer();
    const definitions = loadSync("envoy/service/ratelimit/v3/rls.proto", { includeDirs: [PROTO] });
    new ReflectionService(definitions).addToServer(server);
    const port = await server.listen({ host: "127.0.0.1", port: 0 });
    const [text, bytes] = [(value: Buffer) => value, (value: Buffer) => value];
    const Generic = makeGenericClientConstructor({}, "Generic");
    client = new Generic(`127.0.0.1:${port}`, credentials.createInsecure());
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(path, text, bytes);
    const answered = new Promise<Buffer>((resolve, reject) => call.on("data", resolve).on("error", reject));
    // ServerReflectionRequest.list_services = 7
    call.write(Buffer.from([0x3a, 0x00]));
    expect((await answered).toString("latin1")).toContain("envoy.service.ratelimit.v3.RateLimitService");
    call.end();
    await expect.poll(() => server?.counters.h2.streamsOpen).toBe(0);
  });
});
