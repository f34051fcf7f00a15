import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { docker, REPOSITORY } from "../support/docker/compose.js";
import { type Container, LOCKED_DOWN, runContainer, runToEnd } from "../support/docker/container.js";
import { buildWeirImage } from "../support/docker/weir-image.js";
import { http } from "../support/http-client.js";
import { until } from "../support/until.js";

// The image as the Dockerfile makes it, and what users do with it.

const MINUTE = 60_000;
const NODE = "/nodejs/bin/node";
const BASE = "gcr.io/distroless/nodejs24-debian12:nonroot";
const MOST_BYTES = 30_000_000;
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

describe("what is in the image", () => {
  it("is the program and what it needs, at most 30 MB", async () => {
    const [bytes, baseBytes] = [await inspectImage("{{.Size}}"), await inspectImage("{{.Size}}", BASE)].map(Number);
    const added = (bytes ?? 0) - (baseBytes ?? 0);
    expect(added).toBeGreaterThan(1_000_000);
    expect(added).toBeLessThan(MOST_BYTES);
    const modules = (await evaluate(`fs.readdirSync("/app/node_modules")`)) as string[];
    for (const name of Object.keys(PACKAGE.dependencies)) expect(modules).toContain(name.split("/")[0]);
    for (const name of Object.keys(PACKAGE.devDependencies)) {
      if (name.startsWith("@")) continue;
      // What a package that runs depends on as well is not there for developers.
      if (name !== "ajv") expect(modules).not.toContain(name);
    }
    expect(await evaluate(`fs.readdirSync("/app").sort()`)).toEqual([
      ...["LICENSE", "dist", "node_modules", "package.json", "proto"],
    ]);
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
    const status = () => weir.inspect("{{.State.Health.Status}}");
    await until("healthy", async () => ((await status()) === "healthy" ? true : undefined), MINUTE);
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

  it("is not healthy while Redis is missing", async () => {
    const redis = ["--env", "WEIR_STORE=redis", "--env", "WEIR_REDIS_URL=redis://127.0.0.1:1"];
    other = await runContainer(...PUBLISHED, ...redis, image);
    const { id } = other;
    await until(
      "an answer",
      async () => {
        const answer = await docker("exec", id, "/bin/weir", "check").catch((error: Error) => error.message);
        return answer.includes("is not serving") ? true : undefined;
      },
      MINUTE,
    );
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
