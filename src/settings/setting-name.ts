import { SETTINGS, type SettingKey, type Settings, variableOf } from "./table.js";

/** By which name people know a setting: its variable, or the name of envoyproxy/ratelimit that makes it. */
export function nameOfSetting(settings: Pick<Settings, "givenByRatelimit">, key: SettingKey): string {
  return settings.givenByRatelimit?.names.get(key) ?? variableOf(SETTINGS[key]);
}
