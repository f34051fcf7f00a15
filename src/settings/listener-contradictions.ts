import { bothOrNeither } from "./both-or-neither.js";
import { LISTENER_ROWS, type ListenerSettings } from "./listener-rows.js";

/** What is wrong between the settings of listeners, a line each. */
export function findListenerContradictions(
  settings: ListenerSettings,
  name: (key: keyof ListenerSettings) => string,
): string[] {
  const { grpcTlsCert, grpcTlsClientCa, grpcTlsClientSan, grpcServer, grpcListen } = settings;
  const faults = bothOrNeither(settings, name, ["grpcTlsCert", "grpcTlsKey"]);
  if (grpcTlsClientCa !== "" && grpcTlsCert === "") {
    faults.push(`${name("grpcTlsClientCa")} requires ${name("grpcTlsCert")} and ${name("grpcTlsKey")}`);
  }
  if (grpcTlsClientSan.length > 0 && grpcTlsClientCa === "") {
    faults.push(`${name("grpcTlsClientSan")} requires ${name("grpcTlsClientCa")}`);
  }
  if (grpcTlsCert !== "" && grpcServer === "grpc-js") {
    faults.push(`${name("grpcTlsCert")} requires ${name("grpcServer")}=native`);
  }
  if ("path" in grpcListen && grpcServer === "grpc-js") {
    faults.push(`${name("grpcListen")} is a Unix socket, which requires ${name("grpcServer")}=native`);
  }
  if (settings.metricsPath !== LISTENER_ROWS.metricsPath.default && settings.metricsListen === undefined) {
    faults.push(`${name("metricsPath")} requires ${name("metricsListen")}`);
  }
  return faults;
}
