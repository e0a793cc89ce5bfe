// `sampan up` in the hands of somebody who interrupts it, gives it wrong folders, breaks their YAML and changes it while it runs.
// Small meshes of a program or two; the pilot's ports are fixed, so one runs at a time.
import { afterEach, describe, expect, test } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/envoy.ts";
import { get } from "./harness/connection.ts";
import { PILOT } from "./harness/mesh-process.ts";
import { folderWith, gatewayOn, group, MESH, routeWith, SERVICE } from "./harness/small-mesh.ts";
import { runDirectories, type UpOptions, UpProcess } from "./harness/up-process.ts";

const READY = "Ctrl-C stops everything.";
const CTRL_C = "\x03";
const ESCAPE = "\x1b";

let running: UpProcess | undefined;
let foldersBefore: readonly string[] = [];

/** Starts a mesh over these files. */
function start(files: Readonly<Record<string, string>>, options: UpOptions = {}): UpProcess {
  foldersBefore = runDirectories();
  running = new UpProcess(folderWith(files), options);
  return running;
}

/** Writes as editors do: beside it first, then over it in one step. */
function save(up: UpProcess, name: string, text: string): void {
  const path = join(up.folder, name);
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
}

function expectNothingLeft(up: UpProcess): void {
  expect(up.processes()).toEqual([]);
  expect(runDirectories()).toEqual(foldersBefore);
}

interface ListedService {
  readonly autoAddress: string;
  readonly ports: readonly {
    readonly endpoints: readonly { readonly address: string; readonly health: string }[];
  }[];
}

/** The one service of these meshes, as the pilot knows it. */
async function shop(): Promise<ListedService | undefined> {
  const { body } = await get(PILOT, "/debug/registryz");
  return (JSON.parse(body) as readonly ListedService[])[0];
}

/** Addresses of the endpoints that requests may go to. */
async function endpoints(): Promise<readonly string[]> {
  const all = (await shop())?.ports[0]?.endpoints ?? [];
  return all.filter(({ health }) => health === "healthy").map(({ address }) => address);
}

afterEach(async () => {
  const up = running;
  running = undefined;
  if (up === undefined) return;
  await up.stop();
  for (const { pid } of up.processes()) process.kill(pid, "SIGKILL");
  rmSync(up.folder, { recursive: true, force: true });
}, 20_000);

describe("ends in order", () => {
  test.each([
    ["before it says anything", undefined],
    ["while the pilot starts", "[control-plane]"],
    ["while programs start", "[wait]"],
    ["while sidecars start", "healthy"],
    ["while it serves", READY],
  ])(
    "on Ctrl-C %s",
    async (_when, text) => {
      const up = start(MESH, { inTerminal: true });
      if (text === undefined) await Bun.sleep(50);
      else await up.says(text);
      up.type(CTRL_C);
      // Before there is anything to stop, the shell's 130 is as good.
      expect(await up.exited).toBeOneOf(text === undefined ? [0, 130] : [0]);
      expectNothingLeft(up);
    },
    15_000,
  );

  test.each(["SIGTERM", "SIGHUP"] as const)(
    "on %s",
    async (signal) => {
      const up = start(MESH);
      await up.says(READY);
      up.signal(signal);
      expect(await up.exited).toBe(0);
      expectNothingLeft(up);
    },
    15_000,
  );

  test("when a group has just been removed, and still runs", async () => {
    const up = start({ ...MESH, "two.yaml": group("two") });
    await up.says(READY);
    rmSync(join(up.folder, "two.yaml"));
    await up.says("[two-1] the instance at 127.0.1.3 leaves the mesh");
    expect(await up.stop()).toBe(0);
    expectNothingLeft(up);
  }, 15_000);

  test("when nobody reads its output any more", async () => {
    const folder = folderWith({ "shop.yaml": group("shop") });
    running = new UpProcess(folder, { shell: (command) => `${command} 2>&1 | head -2` });
    await running.exited;
    expect(running.output().split("\n").length).toBe(3);
    await until(() => running?.processes().length === 0, 10_000);
  }, 15_000);
});

describe("ends at once", () => {
  test("on a second Ctrl-C, also what does not want to", async () => {
    const up = start({ "a.yaml": group("stubborn") }, { inTerminal: true });
    await up.says(READY);
    up.type(CTRL_C);
    await Bun.sleep(600); // one Ctrl-C under npm comes twice within half a second (src/cli/up/stop-signals.ts)
    expect(up.isRunning).toBe(true);
    const againMs = performance.now();
    up.type(CTRL_C);
    expect(await up.exited).toBe(1);
    expect(performance.now() - againMs).toBeLessThan(500);
    await until(() => up.processes().length === 0, 1_000);
    expectNothingLeft(up);
  }, 15_000);
});

describe("says what is wrong", () => {
  test.each([
    ["a folder that does not exist", "", 65, /Cannot read the folder .*: ENOENT/],
    ["a file instead of a folder", "server.ts", 65, /Cannot read the folder .*: ENOTDIR/],
  ])("with %s", async (_what, name, status, text) => {
    const folder = folderWith({});
    running = new UpProcess(name === "" ? join(folder, "nowhere") : join(folder, name));
    expect(await running.exited).toBe(status);
    expect(running.output()).toMatch(text);
    rmSync(folder, { recursive: true });
  });

  test("with a port that somebody holds: which process it is", async () => {
    const holder = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const up = start({ ...MESH, "gateway.yaml": gatewayOn(holder.port) });
    expect(await up.exited).toBe(2);
    holder.stop(true);
    const { port } = holder;
    expect(up.output()).toContain(
      `\t[ERROR Port-${port}]: Port ${port} is in use: 127.0.0.1:${port} is held by process ${process.pid} (`,
    );
    expectNothingLeft(up);
  });

  const BARE_PATH = "/usr/bin:/bin";
  const hasEnvoy = Bun.which("envoy", { PATH: BARE_PATH }) !== null;

  test.skipIf(hasEnvoy)("with a data plane that is not there", async () => {
    const up = start(MESH, { flags: ["--data-plane", "envoy"], env: { PATH: BARE_PATH } });
    expect(await up.exited).toBe(2);
    expect(up.output()).toContain("\t[ERROR FileExisting-envoy]: envoy not found in system path\n");
    expectNothingLeft(up);
  });

  test("in an empty folder, and waits for what comes", async () => {
    const up = start({});
    await up.says(READY);
    expect(up.output()).toContain(
      "[config] nothing to start: no WorkloadGroup has the annotation sampan.dev/run",
    );
    save(up, "service.yaml", SERVICE);
    save(up, "shop.yaml", group("shop"));
    await up.says("[shop-1] healthy");
    await until(async () => (await endpoints()).length === 1);
  }, 15_000);

  test("in the configuration, at start and while it runs, with file, line and column", async () => {
    const up = start({
      ...MESH,
      "route.yaml": routeWith("soon"),
      "syntax.yaml": "a: [b\n",
      "replicas.yaml": group("three", { replicas: "three" }),
    });
    const at = (name: string, place: string): string => `[config] ${up.folder}/${name}:${place}`;
    const wrong = at("route.yaml", "7:7: VirtualService default/shop: spec.http[0].timeout: ");
    await up.says(READY);
    await up.says(wrong);
    await up.says(at("syntax.yaml", ""));
    await up.says(
      `${at("replicas.yaml", "7:5")}: WorkloadGroup default/three: metadata.annotations["sampan.dev/replicas"]: must be a number`,
    );
    save(up, "route.yaml", routeWith("3s"));
    await up.says(`[config] mended: ${wrong.slice("[config] ".length)}`);
    const before = up.output().length;
    save(up, "route.yaml", routeWith("later"));
    await until(() => up.output().slice(before).includes(wrong));
  }, 15_000);

  test("of programs that end or cannot start: how, and their last words", async () => {
    const up = start(
      {
        "ghost.yaml": group("ghost", { run: "no-such-program --now" }),
        "crash.yaml": group("crash", { run: "echo 'disk full' >&2; exit 3" }),
      },
      { flags: ["--timeout", "1500ms"] },
    );
    await up.says(READY);
    const output = up.output();
    expect(output).toContain("[crash-1] ended with exit status 3; started again in 1 s");
    expect(output).toContain("[crash-1]   disk full");
    expect(output).toContain("[ghost-1] ended with exit status 127; started again in 1 s");
    expect(output).toMatch(/\[ghost-1\] {3}.*no-such-program/);
    expect(output).toMatch(/^Not ready after [\d.]+ s: crash-1, ghost-1\.$/m);
  }, 15_000);

  test("of a listener that a proxy cannot open while it runs", async () => {
    const up = start({ ...MESH, "gateway.yaml": gatewayOn(8081) });
    await up.says(READY);
    save(up, "gateway.yaml", gatewayOn(PILOT.port));
    await up.says(/\[(?:gateway proxy|pilot)\] .*15014/);
  }, 15_000);
});

describe("follows its folder", () => {
  test("replicas come and go; a changed group is replaced by one that serves", async () => {
    const up = start(MESH);
    await up.says(READY);
    expect(await endpoints()).toEqual(["127.0.1.2"]);
    save(up, "shop.yaml", group("shop", { replicas: "3" }));
    await until(async () => (await endpoints()).length === 3, 10_000);
    save(up, "shop.yaml", group("shop"));
    await until(async () => Bun.deepEquals(await endpoints(), ["127.0.1.2"]), 10_000);
    save(up, "shop.yaml", group("shop", { run: "bun server.ts new" }));
    await until(async () => Bun.deepEquals(await endpoints(), ["127.0.1.5"]), 10_000);
    const host = (await shop())?.autoAddress ?? "";
    // The pilot knows first, proxies a moment later; the old one answers until then.
    const bodies = new Set<string>();
    await until(async () => {
      const { body } = await get({ host, port: 9080 }, "/");
      bodies.add(body);
      return body === "new";
    });
    expect([...bodies].every((body) => ["shop", "new"].includes(body))).toBe(true);
    rmSync(join(up.folder, "shop.yaml"));
    await until(async () => (await endpoints()).length === 0);
    await until(() => up.pidOf(/server\.ts/) === undefined, 10_000);
  }, 30_000);
});

describe("prints", () => {
  test.each([
    ["colours in a terminal", { inTerminal: true }, true],
    ["none with NO_COLOR", { inTerminal: true, env: { NO_COLOR: "1" } }, false],
    ["colours with an empty NO_COLOR", { inTerminal: true, env: { NO_COLOR: "" } }, true],
    ["none into a pipe", {}, false],
  ])("%s", async (_what, options, hasColor) => {
    const up = start({}, options);
    await up.says("[control-plane]");
    expect(up.output().includes(ESCAPE)).toBe(hasColor);
  });
});
