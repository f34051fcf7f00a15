import { GrpcClient } from "../grpc-client.js";
import { http } from "../http-client.js";
import { type Files, type MountedFolder, mountFolder } from "../mounted-folder.js";
import { startWeir, type WeirOptions, type WeirProcess } from "../weir-process.js";
import { type Container, environmentOf, only, type Probe, type Resource, weirOf } from "./manifests.js";

/** Weir as a pod of the manifests would run it: their settings, their rules, their mounts. Only addresses are others. */
export interface PodWeir extends WeirProcess {
  readonly container: Container;
  /** The ConfigMap with the rules, as it is mounted. */
  readonly rules: MountedFolder;
  /** What a kubelet would make of the answer. */
  probe(probe: Probe | undefined): Promise<boolean>;
}

export interface PodWeirOptions {
  /** In place of the Redis that the manifests name. */
  readonly redisUrl?: string;
  /** What is mounted besides the rules: files by the path that the container has them at. */
  readonly secrets?: Readonly<Record<string, Files>>;
  /** Settings in place of the manifests', such as a shorter delay. */
  readonly env?: Readonly<Record<string, string>>;
  readonly awaited?: WeirOptions["awaited"];
}

/** A shared machine is slower than the manifests expect, and a test that ends need not wait for proxies to notice. */
const PATIENCE = { WEIR_STORE_TIMEOUT: "5s", WEIR_SHUTDOWN_DELAY: "0s" };

/** Where the program listens and whom it asks: not settings that can be the same here. */
const ADDRESSES = new Set(["WEIR_GRPC_LISTEN", "WEIR_HTTP_LISTEN", "WEIR_REDIS_URL", "WEIR_RULES"]);

/** Starts it and waits until it is ready, or lives. */
export async function startPodWeir(resources: readonly Resource[], options: PodWeirOptions = {}): Promise<PodWeir> {
  const { redisUrl, secrets = {}, env = {}, awaited = "/readyz" } = options;
  const { pod, container } = weirOf(resources);
  const volume = pod.volumes?.find(({ name }) => name === "rules")?.configMap?.name;
  const rules = await mountFolder(only(resources, "ConfigMap", volume).data ?? {});
  const mounts = new Map([["/etc/weir/rules", rules]]);
  for (const [path, files] of Object.entries(secrets)) mounts.set(path, await mountFolder(files));
  const settings = Object.entries(environmentOf(container)).filter(([name]) => !ADDRESSES.has(name));
  const moved = settings.map(([name, value]) => [name, moveInto(value, mounts)]);
  const unmount = async (): Promise<void> => {
    for (const mounted of mounts.values()) await mounted.remove();
  };
  const store = redisUrl === undefined ? {} : { redisUrl };
  const allEnv = { ...Object.fromEntries(moved), ...PATIENCE, ...env };
  const weir = await startWeir({ rules: rules.path, ...store, env: allEnv, awaited }).catch(async (error: unknown) => {
    await unmount();
    throw error;
  });
  return {
    ...weir,
    container,
    rules,
    probe: (probe) => ask(probe, weir),
    stop: async () => {
      const end = await weir.stop();
      await unmount();
      return end;
    },
  };
}

/** A path of the container as it is here. */
function moveInto(value: string, mounts: ReadonlyMap<string, MountedFolder>): string {
  const [path, mounted] = [...mounts].find(([mountPath]) => value.startsWith(`${mountPath}/`)) ?? [];
  return path === undefined ? value : `${mounted?.path}${value.slice(path.length)}`;
}

/** gRPC: only SERVING is well, and TLS is not spoken. HTTP: 200 to 399 is well. */
async function ask(probe: Probe | undefined, weir: WeirProcess): Promise<boolean> {
  if (probe?.httpGet !== undefined) {
    const { status } = await http(`${weir.httpUrl}${probe.httpGet.path}`);
    return status >= 200 && status < 400;
  }
  if (probe?.grpc === undefined) throw new Error("a probe of neither gRPC nor HTTP");
  const client = new GrpcClient(weir.grpcPort);
  try {
    return (await client.health(probe.grpc.service)) === "SERVING";
  } catch {
    return false;
  } finally {
    client.close();
  }
}
