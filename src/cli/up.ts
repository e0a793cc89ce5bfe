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
import { formatProblem } from "#pilot/model/object.ts";
import { EXIT } from "./exit-status.ts";
import { addressOption, durationOption } from "./options.ts";
import { formatSocketAddress } from "./socket-address.ts";
import { ADMIN_PORT, GATEWAY_ADDRESS, HOST_SIDECAR_ADDRESS } from "./up/addresses.ts";
import { Mesh } from "./up/mesh.ts";
import { type GatewayPlan, planMesh } from "./up/plan.ts";
import type { Reporter } from "./up/reporter.ts";
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
  const holder = findPortHolder(address.host, address.port);
  const held =
    holder === undefined ? listening.code : `held by process ${holder.pid} (${holder.command})`;
  return `port ${formatSocketAddress(address)} is in use: ${held}`;
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

/** Resolves on the first Ctrl-C or SIGTERM; a second one ends this process at once. */
function untilStopped(): { readonly stopped: Promise<void>; readonly isStopped: () => boolean } {
  let isStopped = false;
  const stopped = new Promise<void>((stop) => {
    const handle = (): void => {
      if (isStopped) process.exit(EXIT.failed);
      isStopped = true;
      stop();
    };
    process.on("SIGINT", handle);
    process.on("SIGTERM", handle);
    process.on("SIGHUP", handle);
  });
  return { stopped, isStopped: () => isStopped };
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

async function openStore(folder: string, reporter: Reporter): Promise<FolderStore | undefined> {
  reporter.step("config", `reading ${folder}`);
  const opened = await FolderStore.open({
    folder: resolve(folder),
    files: systemFiles,
    clock: systemClock,
    timers: systemTimers,
    log: createLog("off"), // the pilot says what is wrong with a change; here only what is at start
  });
  if (opened.kind === "failed") {
    process.stderr.write(`sampan up: Cannot read the folder ${folder}: ${opened.reason}\n`);
    return undefined;
  }
  for (const problem of opened.store.problems()) {
    reporter.warning("config", formatProblem(problem));
  }
  return opened.store;
}

function createMesh(
  directory: string,
  runtimeDirectory: string,
  flags: UpFlags,
  reporter: Reporter,
): Mesh {
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
async function serveMesh(
  mesh: Mesh,
  store: FolderStore,
  flags: UpFlags,
  reporter: Reporter,
): Promise<void> {
  const startedMs = systemClock.nowMs();
  const { stopped, isStopped } = untilStopped();
  const plan = planMesh(store.list());
  reporter.step("control-plane", `starting the pilot on ${formatSocketAddress(flags.xdsAddress)}`);
  // First of all: a proxy that comes before its pilot would only wait for the next try.
  await Promise.race([mesh.startPilot(), stopped]);
  reporter.step("workloads", `starting ${plan.instances.length} instances`);
  mesh.apply(store.list());
  if (flags.hostSidecar) mesh.startHostSidecar();
  store.onChange(() => mesh.apply(store.list()));
  reporter.step("wait", "until every instance is healthy and every proxy has its configuration");
  const missing = await mesh.wait(flags.timeout, isStopped);
  if (!isStopped()) {
    if (missing.length > 0) reporter.warning("wait", `not ready: ${missing.join(", ")}`);
    await summarize(mesh, flags, startedMs);
  }
  await stopped;
}

async function run(folder: string, flags: UpFlags): Promise<number> {
  const reporter = createTerminalReporter({
    write: (text) => process.stdout.write(text),
    hasColor: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
    isVerbose: flags.verbose,
  });
  const store = await openStore(folder, reporter);
  if (store === undefined) return EXIT.unreadable;
  const { instances, gateways } = planMesh(store.list());
  if (instances.length === 0 && gateways.length === 0) {
    reporter.warning(
      "config",
      "nothing to start: no WorkloadGroup has the annotation sampan.dev/run, and there is no Gateway",
    );
  }
  const busy = busyPorts(flags, gateways);
  if (busy.length > 0) {
    for (const line of busy) process.stderr.write(`sampan up: ${line}\n`);
    process.stderr.write(
      "Is another mesh running on this machine? Stop it first (Ctrl-C in its terminal).\n",
    );
    store.close();
    return EXIT.failed;
  }
  const runtimeDirectory = mkdtempSync(join(tmpdir(), "sampan-up-"));
  const mesh = createMesh(resolve(folder), runtimeDirectory, flags, reporter);
  try {
    await serveMesh(mesh, store, flags, reporter);
  } finally {
    reporter.step("stop", "stopping everything");
    store.close();
    await mesh.stop();
    rmSync(runtimeDirectory, { recursive: true, force: true });
  }
  return EXIT.ok;
}

async function summarize(mesh: Mesh, flags: UpFlags, startedMs: number): Promise<void> {
  const seconds = ((systemClock.nowMs() - startedMs) / 1000).toFixed(1);
  const http = formatSocketAddress(flags.httpAddress);
  const out = [
    "",
    formatServices(await registryOf(flags.httpAddress)),
    formatInstances(mesh.instances),
    `Ready after ${seconds} s, data plane: ${flags.dataPlane}.`,
    ...gatewayUrls(mesh.gateways).map((url) => `Open   ${url}`),
    `Status http://${http}/debug/syncz`,
    "Ctrl-C stops everything.",
    "",
  ];
  process.stdout.write(out.join("\n"));
}

export function upCommand(): Command {
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
    .option("--xds-address <host:port>", "where the pilot serves xDS", addressOption, {
      host: "127.0.0.1",
      port: 15010,
    })
    .option("--http-address <host:port>", "where the pilot serves HTTP", addressOption, {
      host: "127.0.0.1",
      port: 15014,
    })
    .option("--timeout <duration>", "how long to wait until all is ready", durationOption, 60_000)
    .option("--no-host-sidecar", "do not serve programs without a sidecar")
    .option("-v, --verbose", "also print what the programs and proxies print", false)
    .addHelpText("after", "\nExample:\n  sampan up examples/bookinfo\n")
    .action(async (folder: string, flags: UpFlags) => {
      process.exitCode = await run(folder, flags);
      process.exit();
    });
}
