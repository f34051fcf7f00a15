import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { docker, REPOSITORY } from "../support/docker/compose.js";
import { type Container, LOCKED_DOWN, runContainer, runToEnd } from "../support/docker/container.js";
import { imageSizes, sizeInWords } from "../support/docker/image-size.js";
import { buildWeirImage } from "../support/docker/weir-image.js";
import { http } from "../support/http-client.js";
import { until } from "../support/until.js";

// The image as the Dockerfile makes it, and what users do with it.

const MINUTE = 60_000;
const NODE = "/nodejs/bin/node";
const BASE = "gcr.io/distroless/nodejs24-debian12:nonroot";
/** Beyond the base. */
const MOST_BYTES = 30_000_000;
const MOST_COMPRESSED_BYTES = 3_000_000;
const SHIPPED_RULES = join(REPOSITORY, "config/rules");
const PACKAGE = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** Ports of 127.0.0.1 that the system chooses, for both of the image's. */
const PUBLISHED = ["--publish", "127.0.0.1::8080", "--publish", "127.0.0.1::8081"] as const;

let image: string;
/** `docker run weir`, which the first tests share: engines that copy images for each container take seconds to start one. */
let weir: Container;
let other: Container | undefined;

beforeAll(async () => {
  image = await buildWeirImage();
  weir = await runContainer(...PUBLISHED, "--env", "WEIR_SHUTDOWN_DELAY=100ms", "--health-interval", "1s", image);
});

afterEach(async () => {
  await other?.remove();
  other = undefined;
});

afterAll(() => weir?.remove());

async function inspectImage(format: string, name = image): Promise<string> {
  return (await docker("image", "inspect", "--format", format, name)).trim();
}

/** What JavaScript gives in the container. */
async function evaluate(script: string): Promise<unknown> {
  return JSON.parse(await docker("exec", weir.id, NODE, "--eval", printing(script)));
}

function printing(script: string): string {
  return `console.log(JSON.stringify(${script}))`;
}

/** Waits until the container's server says that it wants traffic. @returns the address of its HTTP */
async function whenServing(running: Container): Promise<string> {
  const url = `http://127.0.0.1:${await running.port(8080)}`;
  await until(
    "ready",
    async () => ((await http(`${url}/readyz`).catch(() => undefined))?.status === 200 ? true : undefined),
    MINUTE,
  );
  return url;
}

/** What the container answers about a client. */
async function ask(url: string): Promise<number> {
  const descriptors = [{ entries: [{ key: "remote_address", value: "192.0.2.7" }] }];
  return (await http(`${url}/json`, { method: "POST", body: JSON.stringify({ domain: "shop", descriptors }) })).status;
}

/** Waits until this is what Docker says of the container, and the health check's own words are among its last ones. */
async function untilHealth(running: Container, status: string, words: string): Promise<void> {
  const health = async () =>
    await running.inspect("{{.State.Health.Status}} {{range .State.Health.Log}}{{.Output}}{{end}}");
  const isThere = async () => {
    const text = await health();
    return text.startsWith(`${status} `) && text.includes(words) ? true : undefined;
  };
  await until(`${status}: ${words}`, isThere, MINUTE).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await health()}\n${await running.logs()}`);
  });
}

describe("what is in the image", () => {
  it("adds at most 30 MB to the base, 3 MB compressed", async () => {
    const sizes = await imageSizes(image, BASE);
    const { added } = sizes;
    for (const [name, size] of Object.entries(sizes)) process.stdout.write(`image: ${name} ${sizeInWords(size)}\n`);
    expect(added.bytes).toBeGreaterThan(1_000_000);
    expect(added.bytes).toBeLessThan(MOST_BYTES);
    expect(added.compressedBytes).toBeGreaterThan(500_000);
    expect(added.compressedBytes).toBeLessThan(MOST_COMPRESSED_BYTES);
  });

  it("is the program and the packages that it needs, and none for developers", async () => {
    const all = `fs.readdirSync("/app/node_modules", { withFileTypes: true }).flatMap(({ name }) =>
      name.startsWith("@") ? fs.readdirSync("/app/node_modules/" + name).map((inside) => name + "/" + inside) : [name])`;
    const modules = (await evaluate(all)) as string[];
    for (const name of Object.keys(PACKAGE.dependencies)) expect(modules).toContain(name);
    for (const name of Object.keys(PACKAGE.devDependencies)) {
      // What a package that runs depends on as well is not there for developers.
      if (name !== "ajv") expect(modules).not.toContain(name);
    }
    expect(await evaluate(`fs.readdirSync("/app").sort()`)).toEqual([
      ...["LICENSE", "dist", "node_modules", "package.json", "proto"],
    ]);
  });

  // It is laid out on the platform of the machine that builds.
  it("has nothing in it that goes with one kind of processor", async () => {
    const native = `fs.readdirSync("/app", { recursive: true }).filter((path) => {
      const file = "/app/" + path;
      return fs.statSync(file).isFile() && (/\\.(?:node|so|wasm)$/.test(path) || fs.readFileSync(file).subarray(0, 4).toString("latin1") === "\\x7fELF");
    })`;
    expect(await evaluate(native)).toEqual([]);
  });

  it("adds to the base nothing to run but weir and ratelimit, and nothing that its user could change", async () => {
    const commands = `["/bin", "/usr/bin", "/usr/local/bin", "/nodejs/bin", "/sbin"].flatMap((folder) =>
      fs.existsSync(folder) ? fs.readdirSync(folder).map((name) => fs.realpathSync(folder) + "/" + name) : [])`;
    const ours = (await evaluate(commands)) as string[];
    const theirs = JSON.parse(await runToEnd("--entrypoint", NODE, BASE, "--eval", printing(commands))) as string[];
    const known = new Set(theirs);
    const added = [...new Set(ours.filter((path) => !known.has(path)))].map((path) => basename(path)).sort();
    expect(added).toEqual(["ratelimit", "weir"]);
    // A link has no permissions of its own.
    const changeable = `["/app", "/etc/weir"].flatMap((folder) => fs.readdirSync(folder, { recursive: true })
      .map((path) => folder + "/" + path)).map((path) => ({ path, ...fs.lstatSync(path) }))
      .filter(({ uid, mode }) => uid !== 0 || ((mode & 0o170000) !== 0o120000 && mode & 0o022)).map(({ path }) => path)`;
    expect(await evaluate(changeable)).toEqual([]);
  });

  it("tells what it is", async () => {
    const labels = JSON.parse(await inspectImage("{{json .Config.Labels}}")) as Record<string, string>;
    expect(labels["org.opencontainers.image.version"]).toBe(PACKAGE.version);
    expect(labels["org.opencontainers.image.licenses"]).toBe("Apache-2.0");
    expect(labels["org.opencontainers.image.base.name"]).toBe(BASE);
    expect(await inspectImage("{{.Config.User}}")).toBe("65532:65532");
    expect(await inspectImage("{{.Config.StopSignal}}")).toBe("SIGTERM");
    expect(await inspectImage("{{json .Config.ExposedPorts}}")).toBe('{"8080/tcp":{},"8081/tcp":{}}');
    expect(await docker("exec", weir.id, "/bin/weir", "--version")).toBe(`weir ${PACKAGE.version}\n`);
  });
});

describe("docker run weir", () => {
  it("serves the rules in it, as nobody, and is healthy", async () => {
    const url = await whenServing(weir);
    const answers: number[] = [];
    for (let i = 0; i < 6; i++) answers.push(await ask(url));
    expect(answers).toEqual([200, 200, 200, 200, 200, 429]);
    await untilHealth(weir, "healthy", "is serving");
    expect(await evaluate("[process.getuid(), process.getgid()]")).toEqual([65532, 65532]);
  });

  it("ends with 0 on SIGTERM, as process 1", async () => {
    await whenServing(weir);
    expect(await docker("exec", weir.id, "/bin/weir", "check")).toContain("is serving");
    await docker("stop", "--time", "20", weir.id);
    expect(await weir.inspect("{{.State.ExitCode}} {{.State.OOMKilled}}")).toBe("0 false");
    expect(await weir.logs()).toContain('"msg":"stopped"');
  });

  it("serves the rules that are mounted at /etc/weir/rules, and no others", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weir-rules-"));
    await chmod(folder, 0o755);
    const ban = "{ key: remote_address, rate_limit: { unit: hour, requests_per_unit: 0 } }";
    await writeFile(join(folder, "shop.yaml"), `domain: shop\ndescriptors: [${ban}]\n`);
    other = await runContainer(...PUBLISHED, "--volume", `${folder}:/etc/weir/rules:ro`, image);
    expect(await ask(await whenServing(other))).toBe(429);
    await rm(folder, { recursive: true });
  });

  it("is unhealthy to Docker while Redis is missing", async () => {
    const redis = ["--env", "WEIR_STORE=redis", "--env", "WEIR_REDIS_URL=redis://127.0.0.1:1"];
    // At once: 0s would stand for the 30 s of the image.
    const impatient = ["--health-start-period", "1ms", "--health-interval", "1s", "--health-retries", "1"];
    other = await runContainer(...PUBLISHED, ...redis, ...impatient, image);
    await untilHealth(other, "unhealthy", "is not serving");
  });

  it("is healthy when its gRPC listens on a unix socket", async () => {
    const socket = ["--env", "WEIR_GRPC_LISTEN=unix:/run/weir/grpc.sock", "--tmpfs", "/run/weir:mode=1777"];
    other = await runContainer(...PUBLISHED, ...socket, "--health-interval", "1s", image);
    await untilHealth(other, "healthy", "/run/weir/grpc.sock is serving");
  });
});

describe("docker run weir with a command", () => {
  it("validates rules that are mounted", async () => {
    const mounted = ["--volume", `${SHIPPED_RULES}:/etc/weir/rules:ro`];
    expect(await runToEnd(...mounted, image, "validate", "rules")).toContain("2 files");
  });

  it("starts `serve` as /bin/ratelimit, the command of envoyproxy/ratelimit's image", async () => {
    other = await runContainer(...PUBLISHED, "--entrypoint", "/bin/ratelimit", image);
    expect(await ask(await whenServing(other))).toBe(200);
  });

  it("fails with words when rules are broken", async () => {
    const missing = docker("run", "--rm", ...LOCKED_DOWN, "--env", "WEIR_RULES=/nowhere", image);
    await expect(missing).rejects.toThrow("/nowhere");
  });
});
