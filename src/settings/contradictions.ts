import { findAdminContradictions } from "./admin-rows.js";
import { findRedisContradictions } from "./redis-contradictions.js";
import { SETTINGS, type Settings, variableOf } from "./table.js";

/** What is wrong between settings that are right each by itself, a line each. */
export function findContradictions(settings: Settings): string[] {
  const { grpcTlsCert, grpcTlsKey, grpcTlsClientCa, grpcServer } = settings;
  const name = (key: keyof Settings): string => variableOf(SETTINGS[key]);
  const faults: string[] = [];
  if ((grpcTlsCert === "") !== (grpcTlsKey === "")) {
    faults.push(`${name("grpcTlsCert")} and ${name("grpcTlsKey")} must be given both or not at all`);
  }
  if (grpcTlsClientCa !== "" && grpcTlsCert === "") {
    faults.push(`${name("grpcTlsClientCa")} needs ${name("grpcTlsCert")} and ${name("grpcTlsKey")}`);
  }
  if (grpcTlsCert !== "" && grpcServer === "grpc-js") {
    faults.push(`${name("grpcTlsCert")} needs ${name("grpcServer")} to be native`);
  }
  if (settings.hashKeys !== (settings.hashKeysSecretFile !== "")) {
    faults.push(`${name("hashKeys")} and ${name("hashKeysSecretFile")} must be given both or not at all`);
  }
  return [...faults, ...findAdminContradictions(settings, name), ...findRedisContradictions(settings)];
}
