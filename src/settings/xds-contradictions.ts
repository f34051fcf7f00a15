import { bothOrNeither } from "./both-or-neither.js";
import type { XdsDefaultSettings } from "./xds-default-rows.js";
import type { XdsSettings } from "./xds-rows.js";

/** What means something only with a control plane, or only over TLS. */
const NEEDS_XDS = [
  "xdsServer",
  "xdsNodeCluster",
  "xdsNodeMetadata",
  "xdsTls",
  "xdsStartWithoutRules",
  "xdsReadyWithoutRules",
] as const;
const NEEDS_TLS = ["xdsTlsCa", "xdsTlsCert", "xdsTlsKey", "xdsServerName"] as const;

const DEFAULTS = ["xdsAlgorithm", "xdsBurst", "xdsMaxDebt"] as const;

type AllXdsSettings = XdsSettings & XdsDefaultSettings;

/** What is wrong between the settings of a control plane and of the limits it sends, a line each. */
export function findXdsContradictions(settings: AllXdsSettings, name: (key: keyof AllXdsSettings) => string): string[] {
  const isGiven = (key: keyof XdsSettings): boolean => {
    const value = settings[key];
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  };
  const faults: string[] = [];
  if (settings.rulesFrom === "xds" && !isGiven("xdsServer")) {
    faults.push(`${name("xdsServer")} is required when ${name("rulesFrom")} is xds`);
  }
  if (settings.rulesFrom === "files") {
    for (const key of NEEDS_XDS.filter(isGiven)) faults.push(`${name(key)} requires ${name("rulesFrom")}=xds`);
  }
  if (!settings.xdsTls) {
    for (const key of NEEDS_TLS.filter(isGiven)) faults.push(`${name(key)} requires ${name("xdsTls")}=true`);
  }
  faults.push(...bothOrNeither(settings, name, ["xdsTlsCert", "xdsTlsKey"]));
  if (settings.rulesFrom !== "xds") {
    const given = DEFAULTS.filter((key) => settings[key].length > 0);
    faults.push(...given.map((key) => `${name(key)} requires ${name("rulesFrom")}=xds`));
  }
  return faults;
}
