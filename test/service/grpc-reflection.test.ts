import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import {
  loadFileDescriptorSetFromBuffer,
  loadSync,
  type MessageTypeDefinition,
  type MethodDefinition,
  type ServiceDefinition,
} from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SERVER_KINDS, type Servers, startServers } from "../support/grpc-servers.js";
import { bytesField } from "../support/grpc-wire.js";

const SERVICE = "envoy.service.ratelimit.v3.RateLimitService";
const OTHERS = ["grpc.health.v1.Health", "weir.v1.RateLimiter"];
const PROTO = join(dirname(createRequire(import.meta.url).resolve("@grpc/reflection")), "../proto/grpc/reflection");

interface ReflectionResponse {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number };
}

interface Named {
  readonly name: string;
}
interface Message extends Named {
  readonly field?: readonly (Named & { readonly typeName?: string })[];
  readonly nestedType?: readonly Message[];
  readonly enumType?: readonly Named[];
  readonly options?: { readonly mapEntry?: boolean };
}
interface File extends Named {
  readonly package: string;
  readonly dependency?: readonly string[];
  readonly messageType?: readonly Message[];
  readonly enumType?: readonly Named[];
}

const FILE = loadSync("google/protobuf/descriptor.proto")[
  "google.protobuf.FileDescriptorProto"
] as MessageTypeDefinition<File, File>;

let servers: Servers;
let client: Client;

describe.each(SERVER_KINDS)("on the %s server", (kind) => {
  beforeAll(async () => {
    servers = await startServers(
      (request) => ({
        overallCode: "OK",
        statuses: request.descriptors.map(() => ({ code: "OK", limitRemaining: 7 })),
      }),
      {},
      kind,
    );
    client = new Client(`127.0.0.1:${servers.grpcPort}`, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await servers.close();
  });

  /** Asks one question of the reflection service of a version. */
  function reflect(version: string, question: Record<string, string>): Promise<ReflectionResponse> {
    const loaded = loadSync(join(PROTO, version, "reflection.proto"));
    const service = loaded[`grpc.reflection.${version}.ServerReflection`] as ServiceDefinition;
    const { path, requestSerialize, responseDeserialize } = service.ServerReflectionInfo!;
    return new Promise((resolve, reject) => {
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      stream.on("error", reject).on("data", (response: ReflectionResponse) => {
        stream.end();
        resolve(response);
      });
      stream.write(question);
    });
  }

  /** The absolute names of all types of a file, and the absolute names that its fields ask for. */
  function typesOf(file: File): { defined: string[]; used: string[] } {
    const defined = (file.enumType ?? []).map(({ name }) => `.${file.package}.${name}`);
    const used: string[] = [];
    const visit = (message: Message, scope: string): void => {
      const name = `${scope}.${message.name}`;
      defined.push(name, ...(message.enumType ?? []).map((inner) => `${name}.${inner.name}`));
      used.push(...(message.field ?? []).flatMap(({ typeName }) => typeName || []));
      for (const inner of message.nestedType ?? []) visit(inner, name);
    };
    for (const message of file.messageType ?? []) visit(message, `.${file.package}`);
    return { defined, used };
  }

  describe.each(["v1", "v1alpha"])("gRPC reflection %s", (version) => {
    it("lists the services", async () => {
      const { listServicesResponse } = await reflect(version, { listServices: "*" });
      expect(listServicesResponse?.service.map(({ name }) => name).sort()).toEqual([SERVICE, ...OTHERS]);
    });

    it.each([SERVICE, ...OTHERS])("gives files for %s that stand on their own", async (symbol) => {
      const { fileDescriptorResponse } = await reflect(version, { fileContainingSymbol: symbol });
      const files = fileDescriptorResponse!.fileDescriptorProto.map((bytes) => FILE.deserialize(bytes));
      const defined = new Map(files.map((file) => [file.name, typesOf(file).defined]));
      for (const file of files) {
        const visible = [file.name, ...(file.dependency ?? [])].flatMap((name) => defined.get(name) ?? []);
        for (const used of typesOf(file).used) expect(visible).toContain(used);
        expect(file.dependency ?? []).not.toContain(file.name);
      }
    });

    it("knows nothing of a symbol that does not exist", async () => {
      expect(await reflect(version, { fileContainingSymbol: "no.Such" })).toMatchObject({
        errorResponse: { errorCode: 5 },
      });
    });
  });

  describe("a client that knows the service from reflection alone", () => {
    it("can call it", async () => {
      const { fileDescriptorResponse } = await reflect("v1", { fileContainingSymbol: SERVICE });
      const files = fileDescriptorResponse!.fileDescriptorProto.map((bytes) => bytesField(1, bytes));
      const loaded = loadFileDescriptorSetFromBuffer(Buffer.concat(files));
      const method = (loaded[SERVICE] as ServiceDefinition).ShouldRateLimit as MethodDefinition<object, object>;
      const { path, requestSerialize, responseDeserialize } = method;
      const request = { domain: "shop", descriptors: [{ entries: [{ key: "a", value: "b" }] }] };
      const response = await new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
          error === null ? resolve(answer) : reject(error),
        );
      });
      expect(response).toMatchObject({ statuses: [{ limitRemaining: 7 }] });
    });

    it("finds the entries of maps named as protoc names them", async () => {
      const { fileDescriptorResponse } = await reflect("v1", { fileContainingSymbol: "google.protobuf.Struct" });
      const files = fileDescriptorResponse!.fileDescriptorProto.map((bytes) => FILE.deserialize(bytes));
      const struct = files.flatMap((file) => file.messageType ?? []).find(({ name }) => name === "Struct");
      expect(struct?.nestedType?.map(({ name, options }) => [name, options?.mapEntry])).toEqual([
        ["FieldsEntry", true],
      ]);
      expect(struct?.field?.[0]?.typeName).toBe(".google.protobuf.Struct.FieldsEntry");
    });
  });
});
