import { describe, expect, it, vi } from "vitest";
import type { App } from "../../../src/app.js";
import type { Settings } from "../../../src/settings.js";
import { StartError } from "../../../src/start-error.js";
import { CliUnderTest } from "./cli-under-test.js";

/** A promise that is settled by hand. */
function gate<Value = void>() {
  let open: (value: Value) => void = () => {};
  const promise = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

const silent = { WEIR_LOG_LEVEL: "silent" };

/** A server that starts at once, and stops when `stopped` is opened. */
function fakeServer() {
  const stopped = gate();
  const stop = vi.fn(() => stopped.promise);
  const startApp = vi.fn((_settings: Settings): Promise<App> => {
    return Promise.resolve({ grpcPort: 1, httpPort: 2, reload: () => {}, stop });
  });
  return { startApp, stop, stopped };
}

describe("weir serve", () => {
  it.each(["--help", "-h"])("describes every setting with %s and starts nothing", async (flag) => {
    const cli = new CliUnderTest();
    const { startApp } = fakeServer();
    expect(await cli.run(["serve", flag], { startApp, env: { WEIR_STORE: "wrong" } })).toBe(0);
    expect(startApp).not.toHaveBeenCalled();
    const text = cli.out.join("\n");
    expect(text).toMatch(/^Usage: weir serve \[flags\]\n/);
    expect(text).toContain("--grpc-listen, WEIR_GRPC_LISTEN");
    expect(text).toContain("Default: 0.0.0.0:8081");
    expect(cli.errors).toEqual([]);
  });

  it("shows all wrong settings and exits with 2 before it starts anything", async () => {
    const cli = new CliUnderTest();
    const { startApp } = fakeServer();
    const code = await cli.run(["serve", "--stroe=redis"], { startApp, env: { WEIR_STORE: "disk" } });
    expect(code).toBe(2);
    expect(startApp).not.toHaveBeenCalled();
    expect(cli.errors).toEqual([
      "weir serve: --stroe is not a setting; did you mean --store?",
      'weir serve: WEIR_STORE must be memory or redis, was "disk"',
      "weir serve --help lists all settings",
    ]);
  });

  it("starts with the settings of flags and environment", async () => {
    const cli = new CliUnderTest();
    const { startApp, stopped } = fakeServer();
    const ended = cli.run(["serve", "--store", "redis"], { startApp, env: { ...silent, WEIR_RULES: "rules.yaml" } });
    await vi.waitFor(() => expect(startApp).toHaveBeenCalledOnce());
    expect(startApp.mock.lastCall?.[0]).toMatchObject({ store: "redis", rules: "rules.yaml", logLevel: "silent" });
    cli.happen("SIGTERM");
    stopped.open();
    expect(await ended).toBe(0);
  });

  it.each(["SIGTERM", "SIGINT"])("stops the server on %s and exits with 0 when it has stopped", async (signal) => {
    const cli = new CliUnderTest();
    const { startApp, stop, stopped } = fakeServer();
    const ended = cli.run(["serve"], { startApp, env: silent });
    await vi.waitFor(() => expect(startApp).toHaveBeenCalledOnce());
    expect(stop).not.toHaveBeenCalled();
    cli.happen(signal);
    await vi.waitFor(() => expect(stop).toHaveBeenCalledOnce());
    expect(await Promise.race([ended, Promise.resolve("still stopping")])).toBe("still stopping");
    stopped.open();
    expect(await ended).toBe(0);
    expect(cli.exits).toEqual([]);
  });

  it("exits at once with 1 on a second signal", async () => {
    const cli = new CliUnderTest();
    const { startApp, stop, stopped } = fakeServer();
    const ended = cli.run(["serve"], { startApp, env: silent });
    await vi.waitFor(() => expect(startApp).toHaveBeenCalledOnce());
    cli.happen("SIGINT");
    await vi.waitFor(() => expect(stop).toHaveBeenCalledOnce());
    expect(cli.exits).toEqual([]);
    cli.happen("SIGTERM");
    expect(cli.exits).toEqual([1]);
    stopped.open();
    await ended;
  });

  it("reads the rules again on each SIGHUP, and does not mind one that comes before the server has started", async () => {
    const cli = new CliUnderTest();
    const started = gate<App>();
    const reload = vi.fn();
    const startApp = vi.fn(() => started.promise);
    const ended = cli.run(["serve"], { startApp, env: silent });
    await vi.waitFor(() => expect(startApp).toHaveBeenCalledOnce());
    cli.happen("SIGHUP");
    started.open({ grpcPort: 1, httpPort: 2, reload, stop: () => Promise.resolve() });
    await vi.waitFor(() => {
      cli.happen("SIGHUP");
      expect(reload).toHaveBeenCalled();
    });
    const before = reload.mock.calls.length;
    cli.happen("SIGHUP");
    cli.happen("SIGHUP");
    expect(reload.mock.calls.length - before).toBe(2);
    cli.happen("SIGTERM");
    expect(await ended).toBe(0);
  });

  it("stops a server that was told to stop while it was starting, as soon as it has started", async () => {
    const cli = new CliUnderTest();
    const started = gate<App>();
    const stop = vi.fn(() => Promise.resolve());
    const startApp = vi.fn(() => started.promise);
    const ended = cli.run(["serve"], { startApp, env: silent });
    await vi.waitFor(() => expect(startApp).toHaveBeenCalledOnce());
    cli.happen("SIGTERM");
    started.open({ grpcPort: 1, httpPort: 2, reload: () => {}, stop });
    expect(await ended).toBe(0);
    expect(stop).toHaveBeenCalledOnce();
  });

  it.each([
    [2, ["a.yaml:1:1: unknown key", "b.yaml:2:3: unknown unit"]],
    [1, ["cannot listen for gRPC on 127.0.0.1:8081: the address is in use"]],
  ] as const)("shows why it could not start and exits with %i", async (exitCode, lines) => {
    const cli = new CliUnderTest();
    const startApp = () => Promise.reject(new StartError(exitCode, lines));
    expect(await cli.run(["serve"], { startApp, env: silent })).toBe(exitCode);
    expect(cli.errors).toEqual(lines);
  });

  it("exits with 1 on any other error, when starting as when stopping", async () => {
    const fault = () => Promise.reject(new Error("a fault of our own"));
    expect(await new CliUnderTest().run(["serve"], { startApp: fault, env: silent })).toBe(1);

    const cli = new CliUnderTest();
    const startApp = vi.fn(() => Promise.resolve({ grpcPort: 1, httpPort: 2, reload: () => {}, stop: fault }));
    const ended = cli.run(["serve"], { startApp, env: silent });
    await vi.waitFor(() => expect(startApp).toHaveBeenCalledOnce());
    cli.happen("SIGTERM");
    expect(await ended).toBe(1);
  });

  it.each(["uncaughtException", "unhandledRejection"])("exits at once with 1 on %s", async (event) => {
    const cli = new CliUnderTest();
    const { startApp, stopped } = fakeServer();
    const ended = cli.run(["serve"], { startApp, env: silent });
    await vi.waitFor(() => expect(startApp).toHaveBeenCalledOnce());
    cli.happen(event, new Error("nobody expected this"));
    expect(cli.exits).toEqual([1]);
    cli.happen("SIGTERM");
    stopped.open();
    await ended;
  });
});
