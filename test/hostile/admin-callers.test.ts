import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAdmin, entriesOf } from "../support/admin-client.js";
import { launch } from "../support/program.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const TOKEN = "a-token-of-a-test-0123456789";
const OTHER_TOKEN = "another-token-of-a-test-9876";

const OVERRIDE = {
  domain: "shop",
  descriptor: entriesOf({ remote_address: "10.9.8.7" }),
  limit: { unlimited: true },
  ...{ forSeconds: 600, who: "mallory", why: "because" },
};

let folder: string;
let open: WeirProcess;
let guarded: WeirProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-admin-"));
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, `${TOKEN}\n`);
  const env = { WEIR_ADMIN_TOKEN_FILE: tokenFile, WEIR_ADMIN_HOSTS: "weir.example.com" };
  [open, guarded] = await Promise.all([startWeir(), startWeir({ env: { ...env, WEIR_ADMIN_LISTEN: "0.0.0.0:0" } })]);
});

afterAll(async () => {
  await Promise.all([open?.stop(), guarded?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function overrides(): Promise<number> {
  return (await callAdmin(open.adminUrl, "GET /api/v1/overrides")).body.overrides.length;
}

describe("a page in somebody's browser", () => {
  it.each(["evil.example", "evil.example:6070", "127.0.0.1.evil.example", "localhost@evil.example", "[::2]", "0x7f.1"])(
    "gets nothing under a name that is not ours: %j",
    async (host) => {
      for (const call of ["GET /api/v1/status", "GET /openapi.json", "GET /", "POST /api/v1/reload"]) {
        const { status, body } = await callAdmin(open.adminUrl, call, undefined, { host });
        expect([call, status, body.error.field]).toEqual([call, 403, "Host"]);
      }
    },
  );

  it.each(["localhost:6070", "127.0.0.1", "[::1]:1", "LOCALHOST"])("is served under %s", async (host) => {
    expect((await callAdmin(open.adminUrl, "GET /api/v1/status", undefined, { host })).status).toBe(200);
  });

  it.each([
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:1" },
    { origin: "http://127.0.0.1" },
    { origin: "http://127.0.0.1:6070.evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("changes nothing from elsewhere: %j", async (headers) => {
    const before = await overrides();
    const calls: [string, unknown][] = [
      ["POST /api/v1/overrides", OVERRIDE],
      ["DELETE /api/v1/overrides/x", undefined],
      ["POST /api/v1/bucket/reset", { domain: "shop", descriptor: OVERRIDE.descriptor }],
      ["PUT /api/v1/enforcement", { paused: true, forSeconds: 60, who: "a", why: "b" }],
      ["DELETE /api/v1/enforcement", undefined],
      ["POST /api/v1/reload", undefined],
    ];
    for (const [call, body] of calls) {
      const answer = await callAdmin(open.adminUrl, call, body, headers);
      expect([call, answer.status, answer.body.error.field]).toEqual([call, 403, "Origin"]);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect(await overrides()).toBe(before);
    expect((await callAdmin(open.adminUrl, "GET /api/v1/status")).body.enforcement.paused).toBe(false);
  });

  it("cannot send a form, nor ask what it may do", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const sent = await callAdmin(open.adminUrl, "POST /api/v1/overrides", "domain=shop", form);
    expect([sent.status, sent.body.error.field]).toEqual([415, "Content-Type"]);
    const text = await callAdmin(open.adminUrl, "POST /api/v1/overrides", JSON.stringify(OVERRIDE), {
      "content-type": "text/plain",
    });
    expect(text.status).toBe(415);
    const preflight = await callAdmin(open.adminUrl, "OPTIONS /api/v1/overrides");
    expect([preflight.status, preflight.headers["access-control-allow-origin"]]).toEqual([405, undefined]);
  });

  it("gets nothing without a name", async () => {
    const socket = connect(Number(open.adminUrl.split(":")[2]), "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8").on("data", (text) => {
      answer += text;
    });
    socket.write("GET /api/v1/status HTTP/1.0\r\n\r\n");
    await until("it is answered", () => (answer.includes("\r\n\r\n") ? true : undefined));
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("of our own may", async () => {
    const host = open.adminUrl.replace("http://", "");
    for (const origin of [`http://${host}`, `https://${host}`]) {
      const headers = { host, origin, "sec-fetch-site": "same-origin" };
      expect((await callAdmin(open.adminUrl, "POST /api/v1/reload", undefined, headers)).status).toBe(200);
    }
  });
});

describe("a caller without the token", () => {
  const asked = (call: string, authorization?: string) =>
    callAdmin(guarded.adminUrl, call, undefined, authorization === undefined ? {} : { authorization });

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Basic ${Buffer.from(`:${TOKEN}`).toString("base64")}`,
    TOKEN,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${"x".repeat(8_000)}`,
  ])("reads and changes nothing with %j", async (authorization) => {
    const calls = ["GET /api/v1/status", "GET /openapi.json", "POST /api/v1/reload", "DELETE /api/v1/overrides/x"];
    for (const call of [...calls, "GET /no/such/path"]) {
      const { status, headers, body } = await asked(call, authorization);
      expect([call, status]).toEqual([call, 401]);
      expect(headers["www-authenticate"]).toMatch(/^Bearer /);
      expect(body.error.field).toBe("Authorization");
    }
  });

  it("is another one with it", async () => {
    expect((await asked("GET /api/v1/status", `Bearer ${TOKEN}`)).status).toBe(200);
    expect((await asked("GET /api/v1/status", `bearer ${TOKEN}`)).status).toBe(200);
    const headers = { authorization: `Bearer ${TOKEN}`, host: "weir.example.com" };
    expect((await callAdmin(guarded.adminUrl, "GET /api/v1/status", undefined, headers)).status).toBe(200);
  });

  it("is one who has the old token, soon after it was replaced; a bad file replaces nothing", async () => {
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, OTHER_TOKEN);
    await until("the new token counts", async () =>
      (await asked("GET /api/v1/status", `Bearer ${OTHER_TOKEN}`)).status === 200 ? true : undefined,
    );
    expect((await asked("GET /api/v1/status", `Bearer ${TOKEN}`)).status).toBe(401);
    await writeFile(tokenFile, "short");
    await until("it is told", async () => {
      await asked("GET /api/v1/status", `Bearer ${OTHER_TOKEN}`);
      return guarded.output().includes("the admin token stays as it was") ? true : undefined;
    });
    expect((await asked("GET /api/v1/status", "Bearer short")).status).toBe(401);
    expect((await asked("GET /api/v1/status", `Bearer ${OTHER_TOKEN}`)).status).toBe(200);
    await writeFile(tokenFile, TOKEN);
  });

  it("does not find any token in logs", () => {
    for (const token of [TOKEN, OTHER_TOKEN]) expect(guarded.output()).not.toContain(token);
  });
});

describe("a caller who sends too much or too little", () => {
  it("of a body is told so, and the next one is served", async () => {
    const large = await callAdmin(open.adminUrl, "POST /api/v1/bucket", JSON.stringify({ domain: "x".repeat(70_000) }));
    expect([large.status, large.body.error.field]).toEqual([413, "body"]);
    expect((await callAdmin(open.adminUrl, `DELETE /api/v1/overrides/${"x".repeat(300)}`)).status).toBe(414);
    const deep = `{"domain":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    expect((await callAdmin(open.adminUrl, "POST /api/v1/bucket", deep)).status).toBe(422);
    const poison = '{"domain":"shop","descriptor":[{"key":"a","value":"b"}],"__proto__":{"x":1}}';
    expect((await callAdmin(open.adminUrl, "POST /api/v1/bucket", poison)).status).toBe(400);
    expect((await callAdmin(open.adminUrl, "GET /api/v1/status")).status).toBe(200);
  });

  it("of a request is closed after a while, and does not keep Weir from stopping", async () => {
    const weir = await startWeir({ env: { WEIR_SHUTDOWN_TIMEOUT: "500ms" } });
    const port = Number(weir.adminUrl.split(":")[2]);
    const sockets = Array.from({ length: 5 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
    for (const socket of sockets)
      socket.write("POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
    const idle = connect(port, "127.0.0.1").on("error", () => undefined);
    await until("they are connected", () => (sockets.every(({ pending }) => !pending) ? true : undefined));
    const since = performance.now();
    expect(await weir.stop()).toBe(0);
    expect(performance.now() - since).toBeLessThan(4_900);
    for (const socket of [...sockets, idle]) socket.destroy();
  });
});

describe("weir serve", () => {
  const startWith = async (env: Record<string, string>) => {
    const listen = { WEIR_GRPC_LISTEN: "127.0.0.1:0", WEIR_HTTP_LISTEN: "127.0.0.1:0" };
    const program = await launch(process.execPath, ["dist/main.js", "serve"], {
      env: { PATH: process.env.PATH, ...listen, ...env },
    });
    const end = await until("it has ended", () => program.ended());
    return { end, output: program.output() };
  };

  it.each(["0.0.0.0:0", "[::]:0", "10.1.2.3:6070", "example.com:6070"])(
    "does not start where anybody may call it without a token: %s",
    async (listen) => {
      const { end, output } = await startWith({ WEIR_ADMIN_LISTEN: listen });
      expect([end, output]).toEqual([2, expect.stringContaining("requires WEIR_ADMIN_TOKEN_FILE")]);
    },
  );

  it.each([
    ["", "has 0 characters"],
    ["too short", "printable ASCII"],
    ["short", "has 5 characters and must have at least 16"],
  ])("does not start with a token that is none: %j", async (token, words) => {
    const path = join(folder, "bad-token");
    await writeFile(path, token);
    const { end, output } = await startWith({ WEIR_ADMIN_LISTEN: "127.0.0.1:0", WEIR_ADMIN_TOKEN_FILE: path });
    expect([end, output]).toEqual([2, expect.stringContaining(words)]);
    if (token !== "") expect(output).not.toContain(token);
  });

  it("does not start without the file that it was told", async () => {
    const { end, output } = await startWith({ WEIR_ADMIN_TOKEN_FILE: join(folder, "nothing") });
    expect([end, output]).toEqual([2, expect.stringContaining("ENOENT")]);
  });
});
