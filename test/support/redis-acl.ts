/** An ACL user, its password, and its rules as ACL SETUSER takes them. */
export interface AclUser {
  readonly name: string;
  readonly password: string;
  readonly rules: readonly string[];
}

/**
 * The least that Weir needs on its servers (docs/redis.md): keys under its prefix and nothing else.
 * @param keyPrefix as `WEIR_REDIS_KEY_PREFIX`
 */
export function weirUser(keyPrefix = "weir:", password = "weir-secret"): AclUser {
  const commands = ["evalsha", "eval", "script|load", "time", "get", "set", "del"];
  const about = ["info", "client|setname", "select", "cluster|slots", "asking"];
  const allowed = [...commands, ...about].map((command) => `+${command}`);
  return {
    name: "weir",
    password,
    rules: ["on", `>${password}`, `~${keyPrefix}*`, "resetchannels", "-@all", ...allowed],
  };
}

/** The least that Weir needs on Sentinels. */
export function weirSentinelUser(password = "weir-sentinel-secret"): AclUser {
  const allowed = ["sentinel|get-master-addr-by-name", "sentinel|master", "client|setname"];
  const rules = ["on", `>${password}`, "resetchannels", "-@all", ...allowed.map((command) => `+${command}`)];
  return { name: "weir", password, rules };
}

/** Arguments that make redis-server start with this user. Each is a word. */
export function aclArgs({ name, rules }: AclUser): string[] {
  return ["--user", name, ...rules];
}

/** The line that makes a Sentinel start with this user. */
export function aclLine({ name, rules }: AclUser): string {
  return ["user", name, ...rules].join(" ");
}

/** The URL with user and password in it. */
export function urlAs({ name, password }: AclUser, url: string): string {
  return url.replace("://", `://${name}:${encodeURIComponent(password)}@`);
}
