import { fileURLToPath } from "node:url";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";

/** The folder of our .proto files; as far from src as from dist. */
const PROTO_DIRECTORY = fileURLToPath(new URL("../../proto/", import.meta.url));

/**
 * Reads the .proto files of the services that Weir serves.
 * Messages come with the names of the files and without defaults, so that what was not sent can be told from 0;
 * enums by name, or by number where the files know no name; 64-bit numbers as decimal text, which is exact.
 */
export function loadPackageDefinition(): PackageDefinition {
  return loadSync("envoy/service/ratelimit/v3/rls.proto", {
    includeDirs: [PROTO_DIRECTORY],
    keepCase: true,
    longs: String,
    enums: String,
  });
}
