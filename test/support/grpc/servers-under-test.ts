import { EventEmitter } from "node:events";
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import { statusFromError } from "../../../src/grpc-server/status.js";
import type { UnaryAnswer, UnaryHandler } from "../../../src/grpc-server/unary-call.js";

/** A server of any make, running. */
export interface ServerUnderTest {
  readonly port: number;
  stop(): Promise<void>;
}

export type StartServer = (
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  maxMessageBytes: number,
) => Promise<ServerUnderTest>;

export const startGrpcJs: StartServer = async (definition, implementation, maxMessageBytes) => {
  const server = new Server({ "grpc.max_receive_message_length": maxMessageBytes });
  server.addService(definition, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, stop: async () => server.forceShutdown() };
};

export const startNativeService: StartServer = (definition, implementation, maxMessageBytes) => {
  const server = new GrpcServer({ server: { maxMessageBytes } });
  server.addService(definition, implementation);
  return running(server);
};

/** As startNativeService, with the unary methods as byte handlers. */
export const startNativeFastLane: StartServer = (definition, implementation, maxMessageBytes) => {
  const server = new GrpcServer({ server: { maxMessageBytes } });
  const streaming: Record<string, ServiceDefinition[string]> = {};
  for (const [name, method] of Object.entries(definition)) {
    if (method.requestStream || method.responseStream) streaming[name] = method;
    else if (implementation[name] !== undefined)
      server.addUnary(method.path, byteHandler(method, implementation[name]));
  }
  server.addService(streaming, implementation);
  return running(server);
};

async function running(server: GrpcServer): Promise<ServerUnderTest> {
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  return { port, stop: () => server.shutdown(0) };
}

/** A method of the grpc-js contract as a byte handler: what the fast lane can do (no metadata of an answer before it). */
function byteHandler(method: ServiceDefinition[string], run: UntypedServiceImplementation[string]): UnaryHandler {
  return (message, info) => {
    let request: unknown;
    try {
      request = method.requestDeserialize(message);
    } catch {
      return { code: 13 };
    }
    const call = Object.assign(new EventEmitter(), {
      request,
      metadata: info.metadata,
      cancelled: info.isCancelled,
      getPeer: () => info.peer,
      getPath: () => info.path,
      getDeadline: () => Date.now() + info.remainingMillis,
      sendMetadata: () => {},
    });
    info.onCancel(() => {
      call.cancelled = true;
      call.emit("cancelled", "cancelled");
    });
    return new Promise<UnaryAnswer>((resolve, reject) => {
      const send = (error: unknown, response: unknown): void => {
        try {
          resolve(error ? statusFromError(error) : method.responseSerialize(response));
        } catch {
          resolve({ code: 13 });
        }
      };
      try {
        (run as (call: unknown, send: unknown) => void)(call, send);
      } catch (error) {
        reject(error as Error);
      }
    });
  };
}
