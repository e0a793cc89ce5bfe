// The mesh of one run put together: its run directory, the commands of its processes, and the ports it works with.
import { isSocketError, type Net } from "#base/net.ts";
import type { Processes } from "#base/processes.ts";
import type { RunFolder } from "#base/run-folder.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { Mesh } from "./mesh.ts";
import { findMeshes, meshesFolder, startTimeOf } from "./run-directory.ts";
import { RunRecorder } from "./run-recorder.ts";
import type { UpSession } from "./session.ts";

/** What only the process itself knows. */
export interface OwnProgram {
  readonly pid: number;
  /** What starts this program again: the runtime and our main file. */
  readonly command: readonly [string, ...string[]];
  /** Makes the first of these folders that can be made, with `bin/bun` in it. Throws when none can. */
  openFolder(paths: readonly string[]): RunFolder;
  /** Where folders go that have no better place. */
  readonly temporaryFolder: string;
  /** Takes away what a killed run has left. */
  removeFolder(path: string): void;
  /** The same processes; none of them outlives this one. */
  guard(processes: Processes, folder: string): Processes;
}

const sharedFlags = ["--skip-phases", "preflight"]; // what `up` has just looked at

function proxyCommandOf(
  { command }: OwnProgram,
  dataPlane: "sampan" | "envoy",
): (file: string) => readonly [string, ...string[]] {
  const common = ["--concurrency", "1", "-l", "warning", "--drain-time-s", "5"];
  if (dataPlane === "envoy") {
    return (file) => ["envoy", "-c", file, ...common, "--disable-hot-restart"];
  }
  return (file) => [...command, "proxy", "-c", file, ...common, ...sharedFlags];
}

/** The folder of this run: named by the pilot's port, and by the process too where a mesh of that name runs. */
async function openRunFolder(session: UpSession, own: OwnProgram): Promise<RunFolder> {
  const { shell, settings, reporter } = session;
  const port = String(settings.httpAddress.port);
  const found = await findMeshes(shell.files, shell.env);
  for (const mesh of found) if (!mesh.isRunning) own.removeFolder(mesh.path);
  const isTaken = found.some(({ name, isRunning }) => name === port && isRunning);
  const name = isTaken ? `${port}-${own.pid}` : port;
  const wanted = `${meshesFolder(shell.env)}/${name}`;
  const folder = own.openFolder([wanted, `${own.temporaryFolder}/sampan-up-${own.pid}`]);
  if (folder.path !== wanted) {
    reporter.warning(
      "preflight",
      `cannot make ${wanted}: "sampan logs", "status" and "down" will not find this mesh`,
    );
  }
  return folder;
}

/** True when nobody listens there; nobody is disturbed by the question. */
function isPortFree(net: Net, host: string, port: number): boolean {
  const listening = net.listen({ host, port, reusePort: false }, (socket) => {
    socket.close();
    return { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };
  });
  if (isSocketError(listening)) return false;
  listening.close();
  return true;
}

export interface CreatedMesh {
  readonly mesh: Mesh;
  readonly recorder: RunRecorder;
  readonly folder: RunFolder;
}

export async function createMesh(session: UpSession, own: OwnProgram): Promise<CreatedMesh> {
  const { shell, settings, reporter } = session;
  const { clock, timers, net, httpClient } = shell;
  const folder = await openRunFolder(session, own);
  const xds = formatSocketAddress(settings.xdsAddress);
  const http = formatSocketAddress(settings.httpAddress);
  const recorder = new RunRecorder(
    { clock, timers, folder },
    {
      pid: own.pid,
      pidStart: (await startTimeOf(shell.files, own.pid)) ?? "",
      directory: settings.directory,
      dataPlane: settings.dataPlane,
      xds,
      http,
    },
  );
  const mesh = new Mesh({
    directory: settings.directory,
    env: { ...shell.env, PATH: `${folder.path}/bin:${shell.env["PATH"] ?? ""}` },
    xds: settings.xdsAddress,
    pilotHttp: settings.httpAddress,
    pilotCommand: [
      ...own.command,
      ...["pilot", "--config", settings.directory, "--xds-address", xds, "--http-address", http],
      ...["--state-dir", folder.path, ...sharedFlags],
    ],
    proxyCommand: proxyCommandOf(own, settings.dataPlane),
    ports: {
      clock,
      timers,
      net,
      httpClient,
      processes: own.guard(shell.processes, folder.path),
    },
    reporter,
    parts: recorder,
    writeFile: (name, text) => folder.write(name, text),
    isPortFree: (host, port) => isPortFree(net, host, port),
  });
  return { mesh, recorder, folder };
}
