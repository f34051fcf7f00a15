import { docker } from "./compose.js";

/** A container that runs in the background until it is removed. */
export interface Container {
  readonly id: string;
  /** What it wrote to stdout. */
  logs(): Promise<string>;
  /** One value of `docker inspect`. */
  inspect(format: string): Promise<string>;
  /** The port of 127.0.0.1 that leads to this port of it. */
  port(inside: number): Promise<number>;
  remove(): Promise<void>;
}

/** Starts a container with these arguments of `docker run`, as locked down as can be. */
export async function runContainer(...args: readonly string[]): Promise<Container> {
  const id = (await docker("run", "--detach", ...LOCKED_DOWN, ...args)).trim();
  const inspect = async (format: string): Promise<string> => (await docker("inspect", "--format", format, id)).trim();
  return {
    id,
    inspect,
    logs: async () => await docker("logs", id),
    port: async (inside) =>
      Number(await inspect(`{{(index (index .NetworkSettings.Ports "${inside}/tcp") 0).HostPort}}`)),
    remove: async () => void (await docker("rm", "--force", "--volumes", id)),
  };
}

/** The same for a container that ends by itself. @returns what it wrote to stdout. @throws Error when it fails */
export async function runToEnd(...args: readonly string[]): Promise<string> {
  return await docker("run", "--rm", ...LOCKED_DOWN, ...args);
}

/** No rights but to run: nothing to write to, no capabilities, no way to gain any. */
export const LOCKED_DOWN = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"] as const;
