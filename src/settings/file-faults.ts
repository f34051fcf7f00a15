import type { PemFiles } from "../tls/certificates.js";
import { findPemFaults, type PemPart } from "../tls/find-pem-faults.js";
import { nameOfSetting } from "./setting-name.js";
import type { SettingKey, Settings } from "./table.js";

/** What to tell about the file that a setting names. @param message goes on from "the file" */
export function fileFault(settings: Settings, key: SettingKey, message: string): string {
  return `${nameOfSetting(settings, key)}: the file ${message}`;
}

/**
 * What is wrong with files for TLS, for people who know each by its setting.
 * @param keys of the setting that names each
 */
export function findTlsFileFaults(settings: Settings, files: PemFiles, keys: Record<PemPart, SettingKey>): string[] {
  return findPemFaults(files).map(({ part, message }) => fileFault(settings, keys[part], message));
}
