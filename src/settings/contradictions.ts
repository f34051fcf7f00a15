import { findAdminContradictions } from "./admin-contradictions.js";
import { bothOrNeither } from "./both-or-neither.js";
import { findHeaderContradictions } from "./header-contradictions.js";
import { findListenerContradictions } from "./listener-contradictions.js";
import { findRedisContradictions } from "./redis-contradictions.js";
import { nameOfSetting } from "./setting-name.js";
import type { SettingKey, Settings } from "./table.js";
import { findXdsContradictions } from "./xds-contradictions.js";

/** What is wrong between settings that are right each by itself, a line each. */
export function findContradictions(settings: Settings): string[] {
  const name = (key: SettingKey): string => nameOfSetting(settings, key);
  return [
    ...findListenerContradictions(settings, name),
    ...bothOrNeither(settings, name, ["hashKeys", "hashKeysSecretFile"]),
    ...findAdminContradictions(settings, name),
    ...findHeaderContradictions(settings, name),
    ...findRedisContradictions(settings, name),
    ...findXdsContradictions(settings, name),
  ];
}
