// Phase preflight: is this machine fit for the mesh that the folder describes? Changes nothing, so a dry run runs it too.
import { formatProblem } from "#pilot/model/object.ts";
import { DONE, type Phase, type PhaseOutcome } from "#preflight/phases/phase.ts";
import type { ConfigurationReading } from "#preflight/settings.ts";
import { preflight } from "../../preflight/phase.ts";
import { upSettings } from "../../preflight/settings.ts";
import { meshesFolder } from "../run-directory.ts";
import { cannotRead, type UpSession } from "../session.ts";

/** Lines of the report's trace that lie within this phase. */
const INNER_TRACE = /^\tcheck /;

/** Called alone, without the phase that reads the folder, it is the preflight's part to say what is wrong with it. */
async function readConfiguration(session: UpSession): Promise<ConfigurationReading> {
  const opened = await session.openStore();
  if (opened.kind === "failed") {
    return { kind: "unreadable", reason: cannotRead(session.settings.folder, opened.reason) };
  }
  const { problems } = await session.plan();
  const lines = (severity: "error" | "warning"): readonly string[] =>
    opened.store
      .problems()
      .filter((problem) => problem.severity === severity)
      .map(formatProblem);
  return { kind: "read", errors: [...lines("error"), ...problems], warnings: lines("warning") };
}

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
  const ofPlaces = upSettings(places);
  const target =
    settings.only === undefined
      ? ofPlaces
      : { ...ofPlaces, readConfiguration: () => readConfiguration(session) };
  const result = await preflight(shell, "up", target, settings.preflight);
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
