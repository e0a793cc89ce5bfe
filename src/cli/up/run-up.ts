// One run of `up`, from its flags to its exit status: phases in order, then service until the person has had enough, then undo.
import type { Phase } from "#preflight/phases/phase.ts";
import { formatFailure } from "#preflight/phases/phase-text.ts";
import { type PhaseSink, runPhases } from "#preflight/phases/run-phases.ts";
import { verbosityOf } from "../preflight/options.ts";
import { EXIT } from "../shell/exit-status.ts";
import type { Shell, StopRequest } from "../shell/shell.ts";
import { formatSocketAddress } from "../shell/socket-address.ts";
import { type CreatedMesh, createMesh, type OwnProgram } from "./create-mesh.ts";
import { DEFAULT_TIMEOUT_MS, type UpFlags } from "./flags.ts";
import { UP_PHASES } from "./phases/all.ts";
import { ProgressLine } from "./progress-line.ts";
import type { Reporter } from "./reporter.ts";
import { UpSession, type UpSettings } from "./session.ts";
import { gatewayUrls } from "./summary.ts";
import { createTerminalReporter } from "./terminal-reporter.ts";

/** From this verbosity on, what the programs and proxies print is printed. */
const OUTPUT_VERBOSITY = 1;

export interface UpRequest {
  /** As the user gave it. */
  readonly folder: string;
  /** The same, absolute. */
  readonly directory: string;
  readonly flags: UpFlags;
  /** The one phase that was called; undefined: all. */
  readonly only: string | undefined;
}

function settingsOf({ folder, directory, flags, only }: UpRequest): UpSettings {
  return {
    folder,
    directory,
    dataPlane: flags.dataPlane ?? "sampan",
    xdsAddress: flags.xdsAddress,
    httpAddress: flags.httpAddress,
    timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
    hasHostSidecar: flags.hostSidecar ?? true,
    isAtomic: flags.atomic ?? false,
    preflight: flags,
    only,
    isDryRun: flags.dryRun,
  };
}

/** Tells of the phases; the stop begins with the first one that is undone. */
function createSink(reporter: Reporter, line: ProgressLine): PhaseSink {
  let failed: string | undefined;
  let isStopping = false;
  return {
    progress: (name, text) => line.show(`${name}  ${text}`),
    would: (name, text) => reporter.step(name, `Would ${text}`),
    ended: (name, outcome) => {
      line.clear();
      if (outcome.kind === "failed") failed = name;
    },
    undoing: () => {
      if (isStopping) return;
      isStopping = true;
      const why = failed === undefined ? "" : `phase ${failed} failed: `;
      reporter.step("stop", `${why}stopping everything`);
    },
    undoFailed: (name, reason) => reporter.error("stop", `phase ${name} is not undone: ${reason}`),
  };
}

/** Everything that one run holds of the system. */
class Run {
  readonly session: UpSession;
  readonly #sink: PhaseSink;
  readonly #stop: StopRequest;
  readonly #request: UpRequest;
  readonly #phases: readonly Phase<UpSession>[];
  #created: CreatedMesh | undefined;

  constructor(
    shell: Shell,
    own: OwnProgram,
    request: UpRequest,
    phases: readonly Phase<UpSession>[],
  ) {
    const { flags } = request;
    const line = new ProgressLine(shell.terminal, shell.timers);
    const { terminal } = line;
    const reporter = createTerminalReporter({
      write: (text) => terminal.write(text),
      hasColor: terminal.hasColor,
      isVerbose: verbosityOf(flags) >= OUTPUT_VERBOSITY,
    });
    this.#request = request;
    this.#phases = phases;
    this.#stop = shell.catchStop(() => this.#kill());
    this.#sink = createSink(reporter, line);
    const settings = settingsOf(request);
    this.session = new UpSession({ ...shell, terminal }, settings, reporter, async (session) => {
      this.#created = await createMesh(session, own);
      return this.#created.mesh;
    });
  }

  async run(): Promise<number> {
    const { flags, only } = this.#request;
    const { terminal } = this.session.shell;
    const result = await runPhases({
      phases: this.#phases,
      only,
      skip: flags.skipPhases,
      createData: () => this.session,
      isDryRun: flags.dryRun,
      stop: this.#stop,
      sink: this.#sink,
    });
    const command = only === undefined ? "sampan up" : `sampan up phase ${only}`;
    switch (result.kind) {
      case "refused":
        terminal.writeError(`sampan up: ${result.message}\n`);
        return EXIT.usage;
      case "unresolved":
        terminal.writeError(`${result.message}\n${this.#whereIsThePilot()}`);
        return EXIT.failed;
      case "failed":
        terminal.writeError(formatFailure(result.failure, verbosityOf(flags), command));
        return result.failure.status;
      case "stopped":
        // Who was only asked something has not answered; who was starting something has stopped in order.
        return only !== undefined && this.session.mesh === undefined ? EXIT.failed : EXIT.ok;
      case "completed":
        await this.#serve();
        await result.undo();
        return EXIT.ok;
    }
  }

  /** Nothing that it started is left. */
  async close(): Promise<void> {
    await this.session.close();
    this.#created?.recorder.close();
    this.#created?.folder.remove();
  }

  /** Until the person has had enough, if anything was started. */
  async #serve(): Promise<void> {
    const { mesh, settings, reporter } = this.session;
    if (mesh === undefined) return;
    this.#created?.recorder.setUrls(gatewayUrls(mesh.gateways));
    if (settings.only !== undefined) reporter.step(settings.only, "Ctrl-C stops it");
    await this.#stop.stopped;
  }

  /** The one thing that phases need of each other. */
  #whereIsThePilot(): string {
    const { httpAddress, folder } = this.session.settings;
    const address = formatSocketAddress(httpAddress);
    return `No pilot serves at ${address}: start one with "sampan up phase control-plane ${folder}", or say where it is with --http-address.\n`;
  }

  #kill(): void {
    this.#created?.mesh.kill();
    this.session.shell.exit(EXIT.failed);
  }
}

/** Answers the exit status; by then nothing that it started runs any more. */
export async function runUp(
  shell: Shell,
  own: OwnProgram,
  request: UpRequest,
  phases: readonly Phase<UpSession>[] = UP_PHASES,
): Promise<number> {
  const run = new Run(shell, own, request, phases);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}
