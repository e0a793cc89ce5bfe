// Phase preflight: is this machine fit for the mesh that the folder describes? Changes nothing, so a dry run runs it too.
import { DONE, type Phase, type PhaseOutcome } from "#preflight/phases/phase.ts";
import { preflight } from "../../preflight/phase.ts";
import { upSettings } from "../../preflight/settings.ts";
import { meshesFolder } from "../run-directory.ts";
import type { UpSession } from "../session.ts";

/** Lines of the report's trace that lie within this phase. */
const INNER_TRACE = /^\tcheck /;

async function check(session: UpSession): Promise<PhaseOutcome> {
  const { settings, shell } = session;
  const places = {
    xdsAddress: settings.xdsAddress,
    httpAddress: settings.httpAddress,
    stateDirectory: meshesFolder(shell.env),
    dataPlane: settings.dataPlane,
    hostSidecar: settings.hasHostSidecar,
    plan: await session.plan(),
  };
  const result = await preflight(shell, "up", upSettings(places), settings.preflight);
  if (result.kind === "passed") return DONE;
  const { message, status, stack } = result;
  const trace = stack.split("\n").filter((line) => INNER_TRACE.test(line));
  return { kind: "failed", cause: message, status, trace: trace.map((line) => line.trim()) };
}

export const preflightPhase: Phase<UpSession> = {
  name: "preflight",
  short: "Run pre-flight checks",
  long: "Says everything that is wrong with this machine for the mesh that the folder describes, and starts nothing.",
  run: check,
  dryRun: check,
};
