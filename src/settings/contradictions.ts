import { findAdminContradictions } from "./admin-rows.js";
import { findHeaderContradictions } from "./header-contradictions.js";
import { findListenerContradictions } from "./listener-contradictions.js";
import { findRedisContradictions } from "./redis-contradictions.js";
import { nameOfSetting } from "./setting-name.js";
import type { SettingKey, Settings } from "./table.js";
import { findXdsDefaultContradictions } from "./xds-default-rows.js";
import { findXdsContradictions } from "./xds-rows.js";

/** What is wrong between settings that are right each by itself, a line each. */
export function findContradictions(settings: Settings): string[] {
  const name = (key: SettingKey): string => nameOfSetting(settings, key);
  const faults = findListenerContradictions(settings, name);
  if (settings.hashKeys !== (settings.hashKeysSecretFile !== "")) {
    faults.push(`${name("hashKeys")} and ${name("hashKeysSecretFile")} must be given both or not at all`);
  }
  return [
    ...faults,
    ...findAdminContradictions(settings, name),
    ...findHeaderContradictions(settings, name),
    ...findRedisContradictions(settings, name),
    ...findXdsContradictions(settings, name),
    ...findXdsDefaultContradictions(settings, name),
  ];
}
