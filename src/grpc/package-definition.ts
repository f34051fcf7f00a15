import { fileURLToPath } from "node:url";
import { loadSync, type Options, type PackageDefinition } from "@grpc/proto-loader";

/** The services that Weir serves. */
const SERVED = ["envoy/service/ratelimit/v3/rls.proto", "weir/v1/rate_limiter.proto"];

/** The folder of our .proto files; as far from src as from dist. */
const PROTO_DIRECTORY = fileURLToPath(new URL("../../proto/", import.meta.url));

/**
 * Reads the .proto files of the services that Weir serves: for reflection and for the services' names. Messages are
 * read and written by codec/, which knows their layout.
 * @param options how the messages are read and written by who does it with this
 */
export function loadPackageDefinition(options: Options = {}): PackageDefinition {
  return loadProtoFiles(SERVED, options);
}

/** Reads some of our .proto files, with fields named as they are there. @param files relative to proto/ */
export function loadProtoFiles(files: string[], options: Options = {}): PackageDefinition {
  return loadSync(files, { includeDirs: [PROTO_DIRECTORY], keepCase: true, ...options });
}
