import { isLoopback } from "../net/listen-address.js";
import type { AdminSettings } from "./admin-rows.js";

/** What is wrong between the settings of the admin API, a line each. */
export function findAdminContradictions(settings: AdminSettings, name: (key: keyof AdminSettings) => string): string[] {
  const { adminListen, adminTokenFile } = settings;
  if (adminListen === undefined || adminTokenFile !== "" || isLoopback(adminListen.host)) return [];
  return [`${name("adminListen")} is not on loopback, which requires ${name("adminTokenFile")}`];
}
