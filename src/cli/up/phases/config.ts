// Phase config: reads the folder, and says what is wrong with it and what has to run for it.
import { type ConfigObject, formatProblem, type Problem } from "#pilot/model/object.ts";
import { DONE, type Phase, type PhaseOutcome } from "#preflight/phases/phase.ts";
import { EXIT } from "../../shell/exit-status.ts";
import { formatTable } from "../../shell/table.ts";
import type { MeshPlan } from "../plan.ts";
import { cannotRead, type UpSession } from "../session.ts";
import { gatewayUrls } from "../summary.ts";
import { counted } from "./objects.ts";

const NOTHING_TO_START =
  "nothing to start: no WorkloadGroup has the annotation sampan.dev/run, and there is no Gateway";

function formatPlan({ instances, gateways }: MeshPlan): string {
  return formatTable([
    ["RUNS", "KIND", "COMMAND OR ADDRESS"],
    ...instances.map(({ name, command }) => [name, "instance", command]),
    ...gateways.map((gateway) => [gateway.name, "gateway", gatewayUrls([gateway]).join(" ")]),
  ]);
}

/** Alone, and in a dry run, it is the pilot's part too to say what is wrong. */
function tellProblems(
  session: UpSession,
  problems: readonly Problem[],
  { problems: planProblems }: MeshPlan,
): number {
  const { reporter } = session;
  for (const problem of problems) {
    const text = formatProblem(problem);
    if (problem.severity === "error") reporter.error("config", text);
    else reporter.warning("config", text);
  }
  for (const text of planProblems) reporter.error("config", text);
  return problems.filter(({ severity }) => severity === "error").length + planProblems.length;
}

function judge(
  session: UpSession,
  objects: readonly ConfigObject[],
  problems: readonly Problem[],
  plan: MeshPlan,
): PhaseOutcome {
  const { shell, settings } = session;
  const errorCount = tellProblems(session, problems, plan);
  shell.terminal.write(`${formatPlan(plan)}`);
  if (errorCount === 0) return DONE;
  const cause = `${settings.folder} has ${counted(errorCount, "error")} among ${counted(objects.length, "object")} that could be read`;
  return { kind: "failed", cause, status: EXIT.invalidConfiguration };
}

async function read(session: UpSession, isLookOnly: boolean): Promise<PhaseOutcome> {
  const { reporter, settings } = session;
  reporter.step("config", `reading ${settings.folder}`);
  const opened = await session.openStore();
  if (opened.kind === "failed") {
    const cause = cannotRead(settings.folder, opened.reason);
    return { kind: "failed", cause, status: EXIT.unreadable };
  }
  const { store } = opened;
  const plan = await session.plan();
  if (plan.instances.length === 0 && plan.gateways.length === 0) {
    reporter.warning("config", NOTHING_TO_START);
  }
  return isLookOnly ? judge(session, store.list(), store.problems(), plan) : DONE;
}

export const configPhase: Phase<UpSession> = {
  name: "config",
  short: "Read the folder of configuration, and plan what runs",
  long: "Reads the folder, says what is wrong with it by file, line and column, and lists what would run.",
  run: (session) => read(session, session.settings.only !== undefined),
  dryRun: (session) => read(session, true),
};
