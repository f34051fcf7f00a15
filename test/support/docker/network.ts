import { docker } from "./compose.js";

/** A network of containers, on which this machine can be reached. */
export interface Network {
  readonly name: string;
  /** This machine's address on it, which nobody else reaches. */
  readonly hostAddress: string;
  remove(): Promise<void>;
}

export async function createNetwork(): Promise<Network> {
  const name = `weir-test-${process.pid}`;
  await docker("network", "create", name);
  const gateway = await docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", name);
  return {
    name,
    // Some engines write it as a network, with its length.
    hostAddress: gateway.trim().replace(/\/.*$/, ""),
    remove: async () => void (await docker("network", "rm", name)),
  };
}
