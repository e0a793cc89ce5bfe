// Phase control-plane: the pilot. First of all that runs: a proxy that came before it would only wait for the next try.
import { DONE, type Phase, type PhaseOutcome } from "#preflight/phases/phase.ts";
import { formatSocketAddress } from "../../shell/socket-address.ts";
import type { UpSession } from "../session.ts";

export const controlPlanePhase: Phase<UpSession> = {
  name: "control-plane",
  short: "Start the pilot",
  long: "Starts the pilot on the folder, and serves until Ctrl-C.",
  isProvided: (session) => session.hasPilot(),
  run: async (session, { stop, progress }): Promise<PhaseOutcome> => {
    const { settings, reporter } = session;
    const xds = formatSocketAddress(settings.xdsAddress);
    reporter.step("control-plane", `starting the pilot on ${xds}`);
    progress("until the pilot serves");
    const mesh = await session.startMesh();
    const started = await Promise.race([mesh.startPilot(), stop.stopped]);
    if (started === undefined || started.kind === "ready") return DONE;
    return { kind: "failed", cause: started.reason };
  },
  dryRun: ({ settings }, { would }) => {
    const { xdsAddress, httpAddress } = settings;
    would(
      `start the pilot, xDS on ${formatSocketAddress(xdsAddress)}, HTTP on ${formatSocketAddress(httpAddress)}`,
    );
    return DONE;
  },
  undo: async ({ mesh }) => mesh?.stopPilot(),
};
