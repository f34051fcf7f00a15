import type { Server } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { protoPath as healthProto } from "grpc-health-check";
import { fileDescriptors } from "./file-descriptors.js";
import type { ServiceRegistry } from "./grpc-server.js";

/** Adds the reflection service, v1 and v1alpha, which tells tools such as grpcurl of these services and of health. */
export function addReflection(registry: ServiceRegistry, packageDefinition: PackageDefinition): void {
  const health = loadSync(healthProto, { keepCase: true });
  const fileDescriptorProtos = fileDescriptors({ ...packageDefinition, ...health });
  // Of a package definition, reflection looks at the files of its messages and at nothing else.
  const reflection = new ReflectionService({ files: { format: "", type: {}, fileDescriptorProtos } } as never);
  reflection.addToServer(registry as Pick<Server, "addService">);
}
