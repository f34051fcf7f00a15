import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { docker, REPOSITORY } from "../support/docker/compose.js";
import { type Container, LOCKED_DOWN, runContainer, runToEnd } from "../support/docker/container.js";
import { buildWeirImage } from "../support/docker/weir-image.js";
import { http } from "../support/http-client.js";
import { until } from "../support/until.js";

// The image as the Dockerfile makes it, and what users do with it.

const MINUTES = 60_000;
const BASE = "gcr.io/distroless/nodejs24-debian12:nonroot";
const MOST_BYTES = 30_000_000;
const SHIPPED_RULES = join(REPOSITORY, "config/rules");
const PACKAGE = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

let image: string;
let container: Container | undefined;

beforeAll(async () => {
  image = await buildWeirImage();
}, 8 * MINUTES);

afterEach(async () => {
  await container?.remove();
  container = undefined;
}, MINUTES);

/** Ports of 127.0.0.1 that the system chooses, for both of the image's. */
const PUBLISHED = ["--publish", "127.0.0.1::8080", "--publish", "127.0.0.1::8081"] as const;

async function inspectImage(format: string, name = image): Promise<string> {
  return (await docker("image", "inspect", "--format", format, name)).trim();
}

/** Runs JavaScript in a container of the image. @returns what it printed, as JSON */
async function evaluate(script: string, of = image): Promise<unknown> {
  const print = `console.log(JSON.stringify(${script}))`;
  return JSON.parse(await runToEnd("--entrypoint", "/nodejs/bin/node", of, "--eval", print));
}

/** Waits until the container's server says that it wants traffic. @returns the address of its HTTP */
async function whenServing(running: Container): Promise<string> {
  const url = `http://127.0.0.1:${await running.port(8080)}`;
  await until(
    "ready",
    async () => ((await http(`${url}/readyz`).catch(() => undefined))?.status === 200 ? true : undefined),
    MINUTES,
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
    const [ours, theirs] = [await evaluate(commands), await evaluate(commands, BASE)] as [string[], string[]];
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
    expect(await runToEnd(image, "--version")).toBe(`weir ${PACKAGE.version}\n`);
  });
});

describe("docker run weir", () => {
  it(
    "serves the rules in it, as nobody, and is healthy",
    async () => {
      container = await runContainer(...PUBLISHED, "--health-interval", "1s", image);
      const url = await whenServing(container);
      const answers: number[] = [];
      for (let i = 0; i < 6; i++) answers.push(await ask(url));
      expect(answers).toEqual([200, 200, 200, 200, 200, 429]);
      const status = async () => await container?.inspect("{{.State.Health.Status}}");
      await until("healthy", async () => ((await status()) === "healthy" ? true : undefined), MINUTES);
      const ids = await docker(
        "exec",
        container.id,
        "/nodejs/bin/node",
        "-p",
        "[process.getuid(), process.getgid()] + ''",
      );
      expect(ids.trim()).toBe("65532,65532");
    },
    3 * MINUTES,
  );

  it(
    "serves the rules that are mounted at /etc/weir/rules, and no others",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "weir-rules-"));
      await chmod(folder, 0o755);
      const ban = "{ key: remote_address, rate_limit: { unit: hour, requests_per_unit: 0 } }";
      await writeFile(join(folder, "shop.yaml"), `domain: shop\ndescriptors: [${ban}]\n`);
      container = await runContainer(...PUBLISHED, "--volume", `${folder}:/etc/weir/rules:ro`, image);
      expect(await ask(await whenServing(container))).toBe(429);
      await rm(folder, { recursive: true });
    },
    3 * MINUTES,
  );

  it(
    "ends with 0 on SIGTERM, as process 1",
    async () => {
      container = await runContainer(...PUBLISHED, "--env", "WEIR_SHUTDOWN_DELAY=100ms", image);
      await whenServing(container);
      expect(await docker("exec", container.id, "/bin/weir", "check")).toContain("is serving");
      await docker("stop", "--time", "20", container.id);
      expect(await container.inspect("{{.State.ExitCode}} {{.State.OOMKilled}}")).toBe("0 false");
      expect(await container.logs()).toContain('"msg":"stopped"');
    },
    3 * MINUTES,
  );

  it(
    "is not healthy while Redis is missing",
    async () => {
      const redis = ["--env", "WEIR_STORE=redis", "--env", "WEIR_REDIS_URL=redis://127.0.0.1:1"];
      container = await runContainer(...PUBLISHED, ...redis, image);
      const { id } = container;
      await until(
        "an answer",
        async () => {
          const answer = await docker("exec", id, "/bin/weir", "check").catch((error: Error) => error.message);
          return answer.includes("is not serving") ? true : undefined;
        },
        MINUTES,
      );
    },
    3 * MINUTES,
  );
});

describe("docker run weir with a command", () => {
  it("validates rules that are mounted", async () => {
    const mounted = ["--volume", `${SHIPPED_RULES}:/etc/weir/rules:ro`];
    expect(await runToEnd(...mounted, image, "validate", "rules")).toContain("2 files");
  });

  it(
    "starts `serve` as /bin/ratelimit, the command of envoyproxy/ratelimit's image",
    async () => {
      container = await runContainer(...PUBLISHED, "--entrypoint", "/bin/ratelimit", image);
      expect(await ask(await whenServing(container))).toBe(200);
    },
    3 * MINUTES,
  );

  it("fails with words when rules are broken", async () => {
    const missing = docker("run", "--rm", ...LOCKED_DOWN, "--env", "WEIR_RULES=/nowhere", image);
    await expect(missing).rejects.toThrow("/nowhere");
  });
});
