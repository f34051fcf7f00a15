import { isIPv4 } from "node:net";
import type { AdminSettings } from "./admin-rows.js";

/** What is wrong between the settings of the admin API, a line each. */
export function findAdminContradictions(settings: AdminSettings, name: (key: keyof AdminSettings) => string): string[] {
  const { adminListen, adminTokenFile } = settings;
  if (adminListen === undefined || adminTokenFile !== "" || isLoopback(adminListen.host)) return [];
  return [`${name("adminListen")} is not on loopback, so that ${name("adminTokenFile")} must be given`];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
