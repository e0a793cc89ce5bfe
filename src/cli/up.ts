// `sampan up`: a whole mesh on this machine. Composition root: the real ports are picked here.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { isSocketError, type SocketAddress } from "#base/net.ts";
import { systemFiles } from "#io/bun/files.ts";
import { systemHttpClient } from "#io/bun/http-client.ts";
import { createLog } from "#io/bun/log.ts";
import { bunNet } from "#io/bun/net.ts";
import { systemClock, systemTimers } from "#io/bun/time.ts";
import { findPortHolder } from "#io/process/port-holder.ts";
import { systemProcesses } from "#io/process/processes.ts";
import { FolderStore } from "#pilot/config/folder-store.ts";
import { EXIT } from "./shell/exit-status.ts";
import { addressOption, durationOption } from "./shell/options.ts";
import type { Shell } from "./shell/shell.ts";
import { formatSocketAddress } from "./shell/socket-address.ts";
import { ADMIN_PORT, GATEWAY_ADDRESS, HOST_SIDECAR_ADDRESS } from "./up/addresses.ts";
import { Mesh } from "./up/mesh.ts";
import { type GatewayPlan, planMesh } from "./up/plan.ts";
import type { Reporter } from "./up/reporter.ts";
import { StopSignals } from "./up/stop-signals.ts";
import {
  formatInstances,
  formatServices,
  gatewayUrls,
  type RegistryService,
} from "./up/summary.ts";
import { createTerminalReporter } from "./up/terminal-reporter.ts";

interface UpFlags {
  readonly dataPlane: "sampan" | "envoy";
  readonly xdsAddress: SocketAddress;
  readonly httpAddress: SocketAddress;
  readonly timeout: number;
  readonly verbose: boolean;
  readonly hostSidecar: boolean;
}

const MAIN = join(import.meta.dir, "main.ts");

/** What one run of `up` is made of before the mesh. */
interface Session {
  /** As the user gave it. */
  readonly folder: string;
  readonly flags: UpFlags;
  readonly write: (text: string) => void;
  readonly reporter: Reporter;
  readonly signals: StopSignals;
}

/** Why the port cannot be had, with the process that holds it when it can be seen; undefined when it is free. */
function whyBusy(address: SocketAddress): string | undefined {
  const listening = bunNet.listen({ ...address, reusePort: false }, (socket) => {
    socket.close();
    return { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };
  });
  if (!isSocketError(listening)) {
    listening.close();
    return undefined;
  }
  const text = `Cannot listen on ${formatSocketAddress(address)}: ${listening.code}`;
  const holder = findPortHolder(address.host, address.port);
  return holder === undefined ? text : `${text}: held by process ${holder.pid} (${holder.command})`;
}

function proxyCommandOf(dataPlane: UpFlags["dataPlane"]): (file: string) => [string, ...string[]] {
  const common = ["--concurrency", "1", "-l", "warning", "--drain-time-s", "5"];
  if (dataPlane === "envoy")
    return (file) => ["envoy", "-c", file, ...common, "--disable-hot-restart"];
  return (file) => [process.execPath, MAIN, "proxy", "-c", file, ...common];
}

/** The environment of all children: ours, with the pinned Bun in front of the PATH under its usual name. */
function environment(runtimeDirectory: string): Record<string, string> {
  const bin = join(runtimeDirectory, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "bun"));
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined) env[name] = value;
  return { ...env, PATH: `${bin}:${env["PATH"] ?? ""}` };
}

async function registryOf(http: SocketAddress): Promise<readonly RegistryService[]> {
  const answer = await systemHttpClient.request({
    method: "GET",
    url: `http://${formatSocketAddress(http)}/debug/registryz`,
    timeoutMs: 5_000,
  });
  if (answer.kind !== "answered" || answer.status !== 200) return [];
  return JSON.parse(answer.body) as readonly RegistryService[];
}

/** Why the mesh cannot run on this machine whatever its configuration; undefined when it can. */
function whyNoDataPlane(dataPlane: UpFlags["dataPlane"]): string | undefined {
  if (dataPlane === "sampan" || Bun.which("envoy") !== null) return undefined;
  return "Cannot find envoy on the PATH: install it, or leave out --data-plane envoy";
}

/** Everything that another program must not hold: said at once, before anything starts. */
function busyPorts(flags: UpFlags, gateways: readonly GatewayPlan[]): readonly string[] {
  const wanted: SocketAddress[] = [
    flags.xdsAddress,
    flags.httpAddress,
    { host: GATEWAY_ADDRESS, port: ADMIN_PORT },
    { host: HOST_SIDECAR_ADDRESS, port: ADMIN_PORT },
    ...gateways.flatMap(({ ports }) => ports.map((port) => ({ host: GATEWAY_ADDRESS, port }))),
  ];
  return wanted.flatMap((address) => whyBusy(address) ?? []);
}

async function openStore({ folder, reporter }: Session): Promise<FolderStore | undefined> {
  reporter.step("config", `reading ${folder}`);
  const opened = await FolderStore.open({
    folder: resolve(folder),
    files: systemFiles,
    clock: systemClock,
    timers: systemTimers,
    log: createLog("off"), // the pilot reads the same folder, and says what is wrong with it
  });
  if (opened.kind === "opened") return opened.store;
  process.stderr.write(`sampan up: Cannot read the folder ${folder}: ${opened.reason}\n`);
  return undefined;
}

function createMesh({ folder, flags, reporter }: Session, runtimeDirectory: string): Mesh {
  const directory = resolve(folder);
  const xds = formatSocketAddress(flags.xdsAddress);
  const http = formatSocketAddress(flags.httpAddress);
  const pilot = [
    ...["pilot", "--config", directory, "--xds-address", xds, "--http-address", http],
    ...["--state-dir", runtimeDirectory],
  ];
  return new Mesh({
    directory,
    env: environment(runtimeDirectory),
    xds: flags.xdsAddress,
    pilotHttp: flags.httpAddress,
    pilotCommand: [process.execPath, MAIN, ...pilot],
    proxyCommand: proxyCommandOf(flags.dataPlane),
    ports: {
      clock: systemClock,
      timers: systemTimers,
      net: bunNet,
      httpClient: systemHttpClient,
      processes: systemProcesses,
    },
    reporter,
    writeFile: (name, text) => {
      const path = join(runtimeDirectory, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
    isPortFree: (host, port) => whyBusy({ host, port }) === undefined,
  });
}

/** Starts everything, says what runs, and returns when it was asked to stop. */
async function serveMesh(mesh: Mesh, store: FolderStore, session: Session): Promise<void> {
  const { flags, reporter, signals } = session;
  const startedMs = systemClock.nowMs();
  reporter.step("control-plane", `starting the pilot on ${formatSocketAddress(flags.xdsAddress)}`);
  // First of all: a proxy that comes before its pilot would only wait for the next try.
  await Promise.race([mesh.startPilot(), signals.stopped]);
  if (signals.isStopped) return;
  const { instances } = planMesh(store.list());
  reporter.step("workloads", `starting ${instances.length} instances`);
  mesh.apply(store.list());
  if (flags.hostSidecar) mesh.startHostSidecar();
  store.onChange(() => mesh.apply(store.list()));
  reporter.step("wait", "until every instance is healthy and every proxy has its configuration");
  const missing = await mesh.wait(flags.timeout, () => signals.isStopped);
  if (signals.isStopped) return;
  await summarize(mesh, session, missing, startedMs);
  await signals.stopped;
}

/** Sets up what a mesh needs, serves it, and leaves nothing behind. */
async function runMesh(session: Session): Promise<number> {
  const { flags, reporter, signals } = session;
  const store = await openStore(session);
  if (store === undefined) return EXIT.unreadable;
  const { instances, gateways } = planMesh(store.list());
  if (instances.length === 0 && gateways.length === 0) {
    reporter.warning(
      "config",
      "nothing to start: no WorkloadGroup has the annotation sampan.dev/run, and there is no Gateway",
    );
  }
  const noDataPlane = whyNoDataPlane(flags.dataPlane);
  const busy = busyPorts(flags, gateways);
  if (noDataPlane !== undefined || busy.length > 0) {
    if (noDataPlane !== undefined) process.stderr.write(`sampan up: ${noDataPlane}\n`);
    for (const line of busy) process.stderr.write(`sampan up: ${line}\n`);
    if (busy.length > 0) {
      process.stderr.write("If that is another mesh, stop it first: Ctrl-C in its terminal.\n");
    }
    store.close();
    return EXIT.failed;
  }
  const runtimeDirectory = mkdtempSync(join(tmpdir(), "sampan-up-"));
  // Whatever ends this process: the bootstrap files are of no use to anybody else.
  process.on("exit", () => rmSync(runtimeDirectory, { recursive: true, force: true }));
  const mesh = createMesh(session, runtimeDirectory);
  signals.onInsist(() => {
    mesh.kill();
    process.exit(EXIT.failed);
  });
  try {
    if (!signals.isStopped) await serveMesh(mesh, store, session);
  } finally {
    reporter.step("stop", "stopping everything");
    store.close();
    await mesh.stop();
  }
  return EXIT.ok;
}

async function run(folder: string, flags: UpFlags): Promise<number> {
  const signals = new StopSignals(() => systemClock.nowMs());
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => signals.handleSignal());
  }
  process.stdout.on("error", () => signals.handleOutputClosed());
  process.stderr.on("error", () => signals.handleOutputClosed());
  const write = (text: string): void => {
    try {
      process.stdout.write(text);
    } catch {
      signals.handleOutputClosed(); // EPIPE
    }
  };
  const reporter = createTerminalReporter({
    write,
    // Not undefined: the library would then look for itself, and takes CI for a terminal.
    hasColor: process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "",
    isVerbose: flags.verbose,
  });
  return await runMesh({ folder, flags, write, reporter, signals });
}

async function summarize(
  mesh: Mesh,
  { flags, write }: Session,
  missing: readonly string[],
  startedMs: number,
): Promise<void> {
  const seconds = ((systemClock.nowMs() - startedMs) / 1000).toFixed(1);
  const http = formatSocketAddress(flags.httpAddress);
  const out = [
    "",
    formatServices(await registryOf(flags.httpAddress)),
    formatInstances(mesh.instances),
    missing.length === 0
      ? `Ready after ${seconds} s, data plane: ${flags.dataPlane}.`
      : `Not ready after ${seconds} s: ${missing.join(", ")}.`,
    ...gatewayUrls(mesh.gateways).map((url) => `Open   ${url}`),
    `Status http://${http}/debug/syncz`,
    "Ctrl-C stops everything.",
    "",
  ];
  write(out.join("\n"));
}

export function upCommand(shell: Shell): Command {
  return new Command("up")
    .summary("run a whole mesh on this machine")
    .description(
      "Starts the pilot, an instance of every WorkloadGroup with the annotation sampan.dev/run, a sidecar for each,\na gateway when there is a Gateway, and a host sidecar for programs without one. Ctrl-C stops all of it.",
    )
    .argument("[dir]", "folder of configuration", ".")
    .addOption(
      new Option("--data-plane <kind>", "which proxy to run; envoy is looked up on the PATH")
        .choices(["sampan", "envoy"])
        .default("sampan"),
    )
    .addOption(
      addressOption("--xds-address <host:port>", "where the pilot serves xDS", {
        host: "127.0.0.1",
        port: 15010,
      }),
    )
    .addOption(
      addressOption("--http-address <host:port>", "where the pilot serves HTTP", {
        host: "127.0.0.1",
        port: 15014,
      }),
    )
    .addOption(
      durationOption("--timeout <duration>", "how long to wait until all is ready", 60_000),
    )
    .option("--no-host-sidecar", "do not serve programs without a sidecar")
    .option("-v, --verbose", "also print what the programs and proxies print", false)
    .addHelpText("after", "\nExample:\n  sampan up examples/bookinfo\n")
    .action(async (folder: string, flags: UpFlags) => {
      shell.exit(await run(folder, flags));
      process.exit();
    });
}
