/** What a server says of itself that matters here. Absent: it did not say. */
export interface ServerFacts {
  readonly role?: string;
  /** It is still reading its data, and answers nothing else meanwhile. */
  readonly isLoading: boolean;
  readonly version?: string;
  /** Bytes; 0: no bound. */
  readonly maxMemory?: number;
  /** What happens at that bound: `noeviction`, or which keys go. */
  readonly maxMemoryPolicy?: string;
}

/** Scripts set keys with an end in absolute milliseconds (PXAT), which came with it. */
const OLDEST_VERSION = [6, 2] as const;

/** Reads the reply of INFO. */
export function readServerFacts(info: string): ServerFacts {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1];
  const [role, version, maxMemoryPolicy] = [field("role"), field("redis_version"), field("maxmemory_policy")];
  const maxMemory = Number(field("maxmemory"));
  return {
    isLoading: field("loading") === "1",
    ...(role === undefined ? {} : { role }),
    ...(version === undefined ? {} : { version }),
    ...(Number.isNaN(maxMemory) ? {} : { maxMemory }),
    ...(maxMemoryPolicy === undefined ? {} : { maxMemoryPolicy }),
  };
}

/** What an operator should change about a server, each in words that go on from "Redis at ...". */
export function doubtsAbout({ version, maxMemory, maxMemoryPolicy }: ServerFacts): string[] {
  const doubts: string[] = [];
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_VERSION;
  if (version !== undefined && (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))) {
    doubts.push(`is version ${version}: Weir needs ${oldestMajor}.${oldestMinor} or newer`);
  }
  // Buckets have an end of life, so that the volatile-* policies drop them as allkeys-* do.
  if ((maxMemory ?? 0) > 0 && /^(allkeys|volatile)-/.test(maxMemoryPolicy ?? "")) {
    doubts.push(
      "drops buckets when its memory is full, which lets requests through: " +
        `its maxmemory-policy is ${maxMemoryPolicy}, and should be noeviction`,
    );
  }
  return doubts;
}

/** Why a server cannot take charges now, in words that go on from where it is; undefined: it can. */
export function whyNoMaster({ role, isLoading }: ServerFacts): string | undefined {
  if (isLoading) return "it is still loading its data";
  return role === undefined || role === "master" ? undefined : "it is a replica, not the master";
}

/** Why a node of a Cluster cannot be asked now. A replica may be the master any time. */
export function whyNoNode({ isLoading }: ServerFacts): string | undefined {
  return isLoading ? "it is still loading its data" : undefined;
}
