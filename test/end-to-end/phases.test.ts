// The phases of `up` with real processes: each failing by a cause from life, each alone, skipped and tried dry, and an end at any moment.
// Whatever happens, nothing is left: no process, no run directory. Small meshes; the pilot's ports are fixed, so one runs at a time.
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { below, createSeededRandom } from "#base/random.ts";
import { until } from "../support/envoy.ts";
import { openTerminal } from "../support/pty.ts";
import { get } from "./harness/connection.ts";
import { PILOT } from "./harness/mesh-process.ts";
import { processesOf } from "./harness/processes.ts";
import { folderWith, gatewayOn, group, MESH, routeWith } from "./harness/small-mesh.ts";
import {
  ROOT,
  runDirectories,
  STATE_HOME,
  type UpOptions,
  UpProcess,
  userEnvironment,
} from "./harness/up-process.ts";

const READY = "Ctrl-C stops everything.";
const RUN_DIRECTORY = join(STATE_HOME, "sampan", "meshes", String(PILOT.port));

const started: UpProcess[] = [];

function start(files: Readonly<Record<string, string>>, options: UpOptions = {}): UpProcess {
  const up = new UpProcess(folderWith(files), options);
  started.push(up);
  return up;
}

/** Another command while a mesh runs. */
async function sampan(...args: readonly string[]): Promise<{ status: number; output: string }> {
  const child = Bun.spawn([join(ROOT, "bin", "sampan"), ...args], {
    env: userEnvironment(),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { status: await child.exited, output: out + err };
}

function expectNothingLeft(up: UpProcess): void {
  expect(up.processes()).toEqual([]);
  expect(runDirectories()).toEqual([]);
}

/** Listens until the case is over. */
const holders: { stop(closeAll: boolean): void }[] = [];
function hold(hostname: string, port = 0): number {
  const holder = Bun.listen({ hostname, port, socket: { data() {} } });
  holders.push(holder);
  return holder.port;
}

afterEach(async () => {
  for (const holder of holders.splice(0)) holder.stop(true);
  for (const up of started.splice(0)) {
    await up.stop();
    for (const { pid } of up.processes()) process.kill(pid, "SIGKILL");
    rmSync(up.folder, { recursive: true, force: true });
  }
}, 20_000);

describe("a phase that fails undoes everything before it, and is named", () => {
  const ATOMIC = ["--atomic", "--timeout", "1500ms"];

  test("preflight: a port that somebody holds", async () => {
    const port = hold("127.0.0.1");
    const up = start({ ...MESH, "gateway.yaml": gatewayOn(port) }, { flags: ["-v=5"] });
    expect(await up.exited).toBe(2);
    expect(up.output()).toContain(
      "error execution phase preflight: [preflight] Some fatal errors occurred:\n",
    );
    expect(up.output()).toEndWith(
      `stack trace of phases:\n\tcheck Port-${port} (network)\n\tphase preflight\n\tcommand sampan up\n`,
    );
    expect(up.output()).not.toContain("[config]");
    expectNothingLeft(up);
  });

  test("control-plane: a pilot that cannot listen", async () => {
    const port = hold("127.0.0.1");
    const flags = ["--xds-address", `127.0.0.1:${port}`, `--ignore-preflight-errors=port-${port}`];
    const up = start(MESH, { flags });
    expect(await up.exited).toBe(1);
    const output = up.output();
    expect(output).toContain(`\t[WARNING Port-${port}]: `);
    expect(output).toContain("[stop] phase control-plane failed: stopping everything");
    expect(output).toContain(
      "error execution phase control-plane: the pilot ended with exit status 1:\n",
    );
    expect(output).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`);
    expectNothingLeft(up);
  });

  test.each([
    [
      "a program that does not exist",
      { "g.yaml": group("ghost", { run: "no-such-program" }) },
      "ghost-1",
    ],
    [
      "a program that never listens",
      { "s.yaml": group("silent", { run: "sleep 60" }) },
      "silent-1",
    ],
  ])(
    "wait: %s",
    async (_what, files, name) => {
      const up = start({ ...MESH, ...files }, { flags: ATOMIC });
      expect(await up.exited).toBe(1);
      expect(up.output()).toContain("[stop] phase wait failed: stopping everything");
      expect(up.output()).toContain(`error execution phase wait: not ready after 1.5s: ${name}\n`);
      expectNothingLeft(up);
    },
    15_000,
  );

  test("wait: a gateway whose port was taken after the preflight", async () => {
    const port = hold("127.0.0.1");
    const flags = ["--atomic", `--ignore-preflight-errors=Port-${port}`];
    const up = start({ "gateway.yaml": gatewayOn(port) }, { flags });
    expect(await up.exited).toBe(1);
    expect(up.output()).toContain(
      `error execution phase wait: not ready: gateway (127.0.0.1:${port} is held by process ${process.pid} (`,
    );
    expectNothingLeft(up);
  }, 15_000);
});

describe("phases by choice", () => {
  test("a dry run says what each would do, and does nothing", async () => {
    const up = start({ ...MESH, "gateway.yaml": gatewayOn(8081) }, { flags: ["--dry-run"] });
    expect(await up.exited).toBe(0);
    const said = up.output().match(/^\[[\w-]+\] Would .*$/gm);
    expect(said).toEqual([
      "[control-plane] Would start the pilot, xDS on 127.0.0.1:15010, HTTP on 127.0.0.1:15014",
      "[workloads] Would start instance shop-1: bun server.ts shop",
      "[data-plane] Would start sidecars for 1 instance and the host sidecar (sampan)",
      "[gateway] Would start gateway on http://127.0.0.1:8081",
      "[wait] Would wait until everything serves, 1m at most, and then serve all the same",
      "[summary] Would print services, instances and addresses, and serve until Ctrl-C",
    ]);
    expectNothingLeft(up);
  });

  test("skipped ones do not run: programs without sidecars, and no gateway", async () => {
    const flags = ["--skip-phases", "data-plane,gateway"];
    const up = start({ ...MESH, "gateway.yaml": gatewayOn(8081) }, { flags });
    await up.says(READY);
    const commands = up.processes().map(({ command }) => command);
    expect(commands.filter((command) => / proxy -c /.test(command))).toEqual([]);
    expect(up.pidOf(/server\.ts shop$/)).toBeDefined();
    expect(up.pidOf(/main\.ts pilot /)).toBeDefined();
    expect(await up.stop()).toBe(0);
    expectNothingLeft(up);
  }, 15_000);

  test.each([
    [
      "skipped",
      ["--skip-phases", "control-plane"],
      "",
      ["workloads", "data-plane", "gateway", "wait", "summary"],
    ],
    ["alone", ["phase", "workloads"], "workloads", ["workloads"]],
  ])(
    "a pilot that is not there is told before anything runs: %s",
    async (_how, args, _only, names) => {
      const folder = folderWith(MESH);
      const { status, output } = await sampan("up", ...args, folder);
      rmSync(folder, { recursive: true });
      expect(status).toBe(1);
      const lines = names.map(
        (name) => `\tmissing [control-plane] phase(s) needed by "${name}" phase\n`,
      );
      expect(output).toBe(
        `unresolved dependencies:\n${lines.join("")}No pilot serves at 127.0.0.1:15014: start one with "sampan up phase control-plane ${folder}", or say where it is with --http-address.\n`,
      );
    },
  );

  test.each([
    ["preflight", MESH, 0, /^\[preflight\] Running pre-flight checks\n/],
    ["config", MESH, 0, /^shop-1 +instance +bun server\.ts shop$/m],
    [
      "config",
      { ...MESH, "route.yaml": routeWith("soon") },
      3,
      /route\.yaml:7:7: .*spec\.http\[0\]\.timeout: .*\nRUNS(?:.*\n)+error execution phase config: /,
    ],
  ])("%s alone looks and starts nothing", async (name, files, expected, text) => {
    const folder = folderWith(files);
    const { status, output } = await sampan("up", "phase", name, folder);
    rmSync(folder, { recursive: true });
    expect([status, output]).toEqual([expected, expect.stringMatching(text)]);
    expect(runDirectories()).toEqual([]);
  });

  test("the pilot alone, the programs beside it, and what waits for them", async () => {
    const pilot = start(MESH, { phase: "control-plane" });
    const { folder } = pilot;
    await until(async () => (await get(PILOT, "/ready").catch(() => undefined))?.status === 200);
    // No proxy is there to wait for.
    const waited = await sampan("up", "phase", "wait", folder, "--timeout", "300ms");
    expect(waited.status).toBe(1);
    expect(waited.output).toContain("error execution phase wait: not ready after 300ms: any proxy");
    const rest = start(MESH, { flags: ["--skip-phases", "preflight,control-plane"] });
    await rest.says(READY);
    const ready = await sampan("up", "phase", "wait", folder, "--timeout", "5s");
    expect([ready.status, ready.output]).toEqual([
      0,
      "[wait] until every instance is healthy and every proxy has its configuration\n",
    ]);
    const summary = await sampan("up", "phase", "summary", folder);
    expect(summary.output).toMatch(/^shop\.default +- +1 +127\.240\.\d+\.\d+:9080$/m);
    expect(runDirectories().toSorted()).toEqual(["15014", `15014-${rest.pid}`]);
    expect(await rest.stop()).toBe(0);
    expect(await pilot.stop()).toBe(0);
    expectNothingLeft(rest);
  }, 20_000);

  test.each([
    ["gateway", /proxy -c .*\/gateway-/],
    ["data-plane", /proxy -c .*\/host-/],
    ["workloads", /server\.ts shop$/],
  ])(
    "%s alone, beside a pilot",
    async (name, pattern) => {
      const files = { ...MESH, "gateway.yaml": gatewayOn(8081) };
      const pilot = start(files, { flags: ["--skip-phases", "workloads,data-plane,gateway,wait"] });
      await pilot.says(READY);
      const alone = start(files, { phase: name });
      await alone.says(`[${name}] Ctrl-C stops it`);
      const commands = (): readonly string[] =>
        processesOf(alone.folder)
          .filter(({ pid }) => pid !== alone.pid)
          .map(({ command }) => command);
      // A process that was started a moment ago still is what started it.
      await until(() => commands().some((command) => pattern.test(command)));
      expect(commands()).toHaveLength(1);
      expect(await alone.stop()).toBe(0);
      expect(processesOf(alone.folder)).toEqual([]);
      expect(runDirectories()).toEqual(["15014"]);
      expect(await pilot.stop()).toBe(0);
      expectNothingLeft(pilot);
    },
    15_000,
  );
});

describe("an end at any moment leaves nothing", () => {
  const random = createSeededRandom(20261124);
  const MOMENTS = Array.from({ length: 6 }, () => below(random, 1_200));

  test.each(MOMENTS)(
    "Ctrl-C after %i ms",
    async (afterMs) => {
      const up = start({ ...MESH, "gateway.yaml": gatewayOn(8081) }, { inTerminal: true });
      await Bun.sleep(afterMs);
      up.type("\x03");
      // Before it listens for Ctrl-C, the shell's 130 is as good.
      expect(await up.exited).toBeOneOf([0, 130]);
      expectNothingLeft(up);
    },
    15_000,
  );

  test("also when it is killed: its children and its files are gone within moments", async () => {
    const up = start(MESH);
    await up.says(READY);
    expect(up.processes().length).toBeGreaterThanOrEqual(5);
    up.signal("SIGKILL");
    await up.exited;
    await until(() => up.processes().length === 0 && runDirectories().length === 0, 5_000);
  }, 15_000);
});

describe("commands about the mesh that runs", () => {
  test("status, logs and down find it by its run directory", async () => {
    const up = start({
      ...MESH,
      "talk.yaml": group("talk", { run: "echo one; echo two >&2; exec bun server.ts talk" }),
    });
    await up.says(READY);
    const record = JSON.parse(readFileSync(join(RUN_DIRECTORY, "mesh.json"), "utf8"));
    expect(record.pid).toBe(up.pid);
    const status = await sampan("status");
    expect(status.status).toBe(0);
    expect(status.output).toMatch(/^talk-1 +instance +healthy +live +127\.0\.1\.3 +\d+$/m);
    expect(status.output).toContain("Configuration live on 3 proxies, behind on 0, rejected by 0");
    const logs = await sampan("logs", "talk-1", "-c", "program");
    expect(logs.output.split("\n").sort()).toEqual(["", "one", "two"]);
    const wrong = await sampan("logs", "takl-1");
    expect(wrong).toEqual({
      status: 1,
      output: 'sampan logs: No part "takl-1" in this mesh: did you mean talk-1?\n',
    });
    const down = await sampan("down");
    expect(down.status).toBe(0);
    expect(await up.exited).toBe(0);
    expectNothingLeft(up);
    expect((await sampan("status")).status).toBe(1);
  }, 20_000);

  test("on a terminal: the start with what it waits for, live status, followed logs", async () => {
    const slow = group("shop", { run: "sleep 1; echo awake; exec bun server.ts shop" });
    const folder = folderWith({ ...MESH, "shop.yaml": slow });
    const env = userEnvironment();
    const command = join(ROOT, "bin", "sampan");
    const up = openTerminal([command, "up", folder], { columns: 100, rows: 40, env });
    await up.waitFor(/^. wait {2}\d of 2 ready, waiting for shop-1/m, 10_000);
    await up.waitFor(READY, 10_000);
    // The line that turned is gone, and nothing of it is left in between.
    expect(up.history()).not.toContain("waiting for");
    expect(up.history()).toMatch(/\n\[shop-1\] healthy\n/);

    const status = openTerminal([command, "status", "-w"], { columns: 100, rows: 20, env });
    await status.waitFor(/shop-1 +instance +healthy +live/);
    const logs = openTerminal([command, "logs", "-f", "shop"], { columns: 100, rows: 20, env });
    await logs.waitFor(/^shop-1 +awake$/m);
    expect(logs.output()).toContain("\u001b[36mshop-1");
    up.type("\u0003");
    expect(await up.status).toBe(0);
    await logs.waitFor("The mesh has ended.");
    expect(await logs.status).toBe(0);
    await status.waitFor("No mesh runs on this machine");
    status.type("q");
    expect(await status.status).toBe(0);
    rmSync(folder, { recursive: true });
  }, 30_000);
});
