// `up` over a machine in memory: each phase fails in turn, throws in turn, and is interrupted in turn; nothing may be left.
import { describe, expect, test } from "bun:test";
import type { Files } from "#base/files.ts";
import type { Net } from "#base/net.ts";
import type { ProcessOptions } from "#base/processes.ts";
import type { RunFolder } from "#base/run-folder.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { FakeFiles } from "#pilot/config/testing/fake-files.ts";
import type { Phase } from "#preflight/phases/phase.ts";
import { DONE } from "#preflight/phases/phase.ts";
import type { Shell } from "../shell/shell.ts";
import { fakeShell } from "../testing/fake-shell.ts";
import type { OwnProgram } from "./create-mesh.ts";
import type { UpFlags } from "./flags.ts";
import { UP_PHASES } from "./phases/all.ts";
import { runUp } from "./run-up.ts";
import type { UpSession } from "./session.ts";
import { type FakeProcess, FakeProcesses } from "./testing/fake-processes.ts";

const FOLDER = {
  "shop.yaml": `
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: shop, annotations: { sampan.dev/run: serve shop } }
spec:
  metadata: { labels: { app: shop } }
  template: { ports: { http: 9080 } }
  probe: { httpGet: { path: /health, port: 9080 } }
`,
  "gateway.yaml": `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: door }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ["*"] }]
`,
};

const FLAGS: UpFlags = {
  dataPlane: "sampan",
  xdsAddress: { host: "127.0.0.1", port: 15010 },
  httpAddress: { host: "127.0.0.1", port: 15014 },
  timeout: 5_000,
  hostSidecar: true,
  dryRun: false,
};

/** Everything starts at once and answers that it is well. */
class World {
  readonly time = new FakeTime();
  readonly processes = new FakeProcesses();
  /** Paths of the run directory. */
  readonly runFiles = new Set<string>();
  readonly config = new FakeFiles("/mesh");
  /** What becomes of each pilot that was started. */
  afterPilotStart: (pilot: ProcessOptions) => void = ({ onLine }) =>
    onLine("ready xds http", "stdout");
  openListeners = 0;
  #stop: () => void = () => {};
  isStopped = false;

  constructor(folder: Readonly<Record<string, string>> = FOLDER) {
    this.processes.isObedient = true;
    for (const [path, text] of Object.entries(folder)) this.config.write(path, text);
  }

  stop(): void {
    this.isStopped = true;
    this.#stop();
  }

  /** Command lines of what runs. */
  running(): readonly string[] {
    return this.processes.started
      .filter(({ isRunning }) => isRunning)
      .map(({ options }) => options.command.slice(0, 2).join(" "));
  }

  shell(): { readonly shell: Shell; output(): string } {
    const net: Net = {
      listen: (options) => {
        this.openListeners += 1;
        const close = (): void => {
          this.openListeners -= 1;
        };
        return { address: options, close };
      },
      connect: () => {
        throw new Error("nobody connects");
      },
    };
    const files: Files = {
      read: (path) => this.config.read(path),
      list: (folder) =>
        folder === "/mesh"
          ? this.config.list()
          : Promise.resolve({ kind: "failed", reason: "ENOENT" }),
      watch: (folder, changed) => this.config.watch(folder, changed),
      append: () => this.config.append(),
    };
    const { shell, ran } = fakeShell({
      env: { HOME: "/home/jo" },
      clock: this.time,
      timers: this.time,
      files,
      net,
      processes: this.processes,
      httpClient: {
        request: async ({ url }) => {
          const { pathname } = new URL(url);
          return {
            kind: "answered",
            status: 200,
            headers: {},
            body: pathname.startsWith("/debug/") ? "[]" : "",
          };
        },
      },
      catchStop: () => {
        const world = this;
        return {
          stopped: new Promise<void>((resolve) => {
            this.#stop = resolve;
          }),
          get isStopped() {
            return world.isStopped;
          },
        };
      },
    });
    return { shell, output: () => ran().stdout + ran().stderr };
  }

  own(): OwnProgram {
    const folder: RunFolder = {
      path: "/run",
      write: (name) => {
        this.runFiles.add(name);
        return `/run/${name}`;
      },
      openLog: (name) => {
        this.runFiles.add(name);
        return { write() {}, close() {} };
      },
      remove: () => this.runFiles.clear(),
    };
    return {
      pid: 7,
      command: ["sampan"],
      openFolder: () => folder,
      temporaryFolder: "/tmp",
      removeFolder() {},
      guard: (processes) => ({
        start: (options) => {
          const started = processes.start(options);
          if (options.command.includes("pilot")) this.afterPilotStart(options);
          return started;
        },
      }),
    };
  }
}

interface Ran {
  readonly status: number;
  readonly output: string;
  /** Everything that was ever started. */
  readonly started: readonly FakeProcess[];
}

/** Runs it to its end; once everything serves it is asked to stop. */
async function up(world: World, phases: readonly Phase<UpSession>[], flags = FLAGS): Promise<Ran> {
  const { shell, output } = world.shell();
  const request = { folder: "mesh", directory: "/mesh", flags, only: undefined };
  let status: number | undefined;
  const running = runUp(shell, world.own(), request, phases).then((code) => {
    status = code;
  });
  for (let step = 0; step < 400 && status === undefined; step += 1) {
    world.time.advance(50);
    for (let i = 0; i < 40; i += 1) await Promise.resolve();
    if (output().includes("Ctrl-C stops everything.")) world.stop();
  }
  if (status === undefined) throw new Error(`it does not end:\n${output()}`);
  await running;
  return { status, output: output(), started: world.processes.started };
}

/** The machine is not looked at. */
const PHASES: readonly Phase<UpSession>[] = UP_PHASES.map((phase) =>
  phase.name === "preflight" ? { ...phase, run: () => DONE, dryRun: () => DONE } : phase,
);
const NAMES = PHASES.map(({ name }) => name);

/** The phases of which one, after it has done its work, does something else too. */
const withLast = (
  name: string,
  after: () => Awaited<ReturnType<NonNullable<Phase<UpSession>["run"]>>>,
): readonly Phase<UpSession>[] =>
  PHASES.map((phase) =>
    phase.name !== name
      ? phase
      : {
          ...phase,
          run: async (data, context) => {
            await phase.run?.(data, context);
            return after();
          },
        },
  );

function expectNothingLeft(world: World): void {
  expect(world.running()).toEqual([]);
  expect([...world.runFiles]).toEqual([]);
  expect(world.openListeners).toBe(0);
  expect(world.config.watcherCount).toBe(0);
  expect(world.time.timerCount).toBe(0);
}

describe("up", () => {
  test("starts pilot, program, host sidecar, gateway and sidecar, and stops all of them", async () => {
    const world = new World();
    const { status, output, started } = await up(world, PHASES);
    expect(status).toBe(0);
    expect(started.map(({ options }) => options.command.slice(0, 2).join(" "))).toEqual([
      "sampan pilot",
      "serve shop",
      "sampan proxy",
      "sampan proxy",
      "sampan proxy",
    ]);
    expect(output).toContain("Ready after ");
    expect(output).toEndWith("[stop] stopping everything\n");
    expectNothingLeft(world);
  });

  test.each(NAMES)("that fails in %s leaves nothing", async (name) => {
    const world = new World();
    const phases = withLast(name, () => ({ kind: "failed", cause: "disk full", status: 65 }));
    const { status, output } = await up(world, phases);
    expect(status).toBe(65);
    expect(output).toEndWith(
      `error execution phase ${name}: disk full\nTo see the stack trace of this error execute with --v=5 or higher\n`,
    );
    expectNothingLeft(world);
  });

  test.each(NAMES)("with a bug in %s leaves nothing", async (name) => {
    const world = new World();
    const phases = withLast(name, () => {
      throw new Error("boom");
    });
    const { status, output } = await up(world, phases, { ...FLAGS, verbosity: 5 });
    expect(status).toBe(1);
    expect(output).toContain(`error execution phase ${name}: boom\nstack trace of phases:\n\tat `);
    expect(output).toEndWith(`\tphase ${name}\n\tcommand sampan up\n`);
    expectNothingLeft(world);
  });

  test.each(NAMES)("that is asked to stop in %s leaves nothing", async (name) => {
    const world = new World();
    const phases = withLast(name, () => {
      world.stop();
      return DONE;
    });
    const { status, output } = await up(world, phases);
    expect(status).toBe(0);
    expect(output).not.toContain("error");
    expectNothingLeft(world);
  });

  test.each(NAMES.slice(2))("without %s runs the others, or says what they need", async (name) => {
    const world = new World();
    const { status, output, started } = await up(world, PHASES, {
      ...FLAGS,
      skipPhases: [name],
    }).catch(() => ({ status: undefined, output: "", started: world.processes.started }));
    const kinds = started.map(({ options }) => options.command[1]);
    if (name === "workloads") expect(kinds).not.toContain("shop");
    if (name === "data-plane") expect(kinds.filter((kind) => kind === "proxy")).toHaveLength(1);
    if (name === "gateway") expect(kinds.filter((kind) => kind === "proxy")).toHaveLength(2);
    if (name === "wait") {
      expect(output).toMatch(/^Started after .* Nobody waited until it is ready\.$/m);
      expect(output).not.toContain("Ready after");
    }
    // Somebody answers at the pilot's address: it is provided.
    if (name === "control-plane") expect(kinds).not.toContain("pilot");
    // Without its summary nothing tells this test when to stop.
    expect(status).toBe(name === "summary" ? undefined : 0);
  });

  test("a dry run starts nothing and writes nothing", async () => {
    const world = new World();
    const { status, output, started } = await up(world, PHASES, { ...FLAGS, dryRun: true });
    expect([status, started.length]).toEqual([0, 0]);
    expect(output).toContain("[workloads] Would start instance shop-1: serve shop\n");
    expectNothingLeft(world);
  });

  test("a dry run of a folder with nothing in it says what each phase would wait for", async () => {
    const world = new World({});
    const { output } = await up(world, PHASES, { ...FLAGS, dryRun: true });
    expect(output.match(/^\[(?:workloads|gateway)\] .*$/gm)).toEqual([
      "[workloads] Would start instances as soon as a WorkloadGroup names a command",
      "[gateway] Would start a gateway as soon as there is a Gateway",
    ]);
  });

  test.each([
    ["with its last words", ["one", "two", "three", "four"], ":\ntwo\nthree\nfour"],
    ["without words", [], ""],
  ])("a pilot that ends before it serves is told %s", async (_how, lines, words) => {
    const world = new World();
    world.afterPilotStart = ({ onLine, onExit }) => {
      for (const line of lines) onLine(line, "stderr");
      queueMicrotask(() => onExit({ code: undefined, signal: "SIGKILL" }));
    };
    const { status, output } = await up(world, PHASES);
    expect(status).toBe(1);
    expect(output).toContain(
      `\nerror execution phase control-plane: the pilot ended with signal SIGKILL${words}\nTo see`,
    );
  });

  test("does not go on in place of a program that ends while everything stops", async () => {
    const world = new World();
    const phases = withLast("wait", () => {
      for (const process of world.processes.started)
        if (process.isRunning) process.exit({ code: 1 });
      return { kind: "failed", cause: "all crashed" };
    });
    await up(world, phases);
    expectNothingLeft(world);
    world.time.advance(120_000);
    expectNothingLeft(world);
  });
});
