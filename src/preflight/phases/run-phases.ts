// Runs phases one after another; when one fails or the person asks for the end, undoes in reverse order everything that was begun.
import { DONE, type Phase, type PhaseContext, type PhaseOutcome, type PhaseStop } from "./phase.ts";
import {
  formatMissing,
  listPhases,
  type MissingPhases,
  missingPhases,
  type NamedPhase,
  type PhaseChoice,
  selectPhases,
} from "./select-phases.ts";

/** Hears what happens, in order; names are full names. */
export interface PhaseSink {
  began?(name: string): void;
  progress?(name: string, text: string): void;
  /** Of a dry run. */
  would?(name: string, text: string): void;
  /** It is over, well or badly. */
  ended?(name: string, outcome: PhaseOutcome): void;
  undoing?(name: string): void;
  /** What it did is still there, in whole or in part; the others are undone all the same. */
  undoFailed?(name: string, reason: string): void;
}

export interface PhaseRun<D> extends PhaseChoice {
  readonly phases: readonly Phase<D>[];
  /** Called once, when it is sure that something runs. */
  readonly createData: () => D | Promise<D>;
  readonly isDryRun?: boolean;
  readonly stop: PhaseStop;
  readonly sink: PhaseSink;
}

export interface PhaseFailure {
  /** "error execution phase certs/ca: disk full" */
  readonly message: string;
  readonly status: number;
  /** Innermost first. */
  readonly trace: readonly string[];
}

export type PhasesResult =
  /** A name that there is not: the command line is wrong. */
  | { readonly kind: "refused"; readonly message: string }
  /** Phases that are needed do not run, and nobody else has done their work; nothing ran. */
  | {
      readonly kind: "unresolved";
      readonly missing: readonly MissingPhases[];
      readonly message: string;
    }
  /** All ran. What they started goes on until `undo`, in reverse order; a second call waits for the first. */
  | { readonly kind: "completed"; undo(): Promise<void> }
  /** By the person; everything is undone. */
  | { readonly kind: "stopped" }
  /** Everything is undone. */
  | { readonly kind: "failed"; readonly failure: PhaseFailure };

const FAILED_STATUS = 1;

type Failed = Extract<PhaseOutcome, { kind: "failed" }>;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** What was thrown is a bug, or a machine that behaves as nobody thought: told with where it came from. */
function thrown(error: unknown): Failed {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.split("\n").filter((line) => /^\s*at /.test(line));
  return { kind: "failed", cause: reasonOf(error), trace: frames.map((line) => line.trim()) };
}

/** "certs/ca" -> "phase certs/ca", "phase certs". */
function phaseTrace(name: string): readonly string[] {
  const parts = name.split("/");
  return parts.map((_, index) => `phase ${parts.slice(0, parts.length - index).join("/")}`);
}

function failureOf(
  words: string,
  name: string,
  { cause, status, trace = [] }: Failed,
): PhaseFailure {
  return {
    message: `error execution ${words} ${name}: ${cause}`,
    status: status ?? FAILED_STATUS,
    trace: [...trace, ...phaseTrace(name)],
  };
}

class Runner<D> {
  readonly #run: PhaseRun<D>;
  readonly #data: D;
  /** Begun, and not undone. */
  readonly #begun: NamedPhase<D>[] = [];
  #undoing: Promise<void> | undefined;

  constructor(run: PhaseRun<D>, data: D) {
    this.#run = run;
    this.#data = data;
  }

  async runAll(selected: readonly NamedPhase<D>[]): Promise<PhasesResult> {
    const { stop } = this.#run;
    for (const named of selected) {
      if (stop.isStopped) break;
      const failure = await this.#runOne(named);
      if (failure === undefined || stop.isStopped) continue;
      await this.undo();
      return { kind: "failed", failure };
    }
    if (!stop.isStopped) return { kind: "completed", undo: () => this.undo() };
    await this.undo();
    return { kind: "stopped" };
  }

  undo(): Promise<void> {
    this.#undoing ??= this.#undoAll();
    return this.#undoing;
  }

  async #undoAll(): Promise<void> {
    const { sink } = this.#run;
    for (const { fullName, phase } of this.#begun.reverse()) {
      if (phase.undo === undefined) continue;
      sink.undoing?.(fullName);
      try {
        await phase.undo(this.#data);
      } catch (error) {
        sink.undoFailed?.(fullName, reasonOf(error));
      }
    }
  }

  async #runOne(named: NamedPhase<D>): Promise<PhaseFailure | undefined> {
    const { fullName, phase } = named;
    try {
      if (phase.runIf !== undefined && !(await phase.runIf(this.#data))) return undefined;
    } catch (error) {
      return failureOf("run condition for phase", fullName, thrown(error));
    }
    const { sink, isDryRun = false } = this.#run;
    if ((isDryRun ? phase.dryRun : phase.run) === undefined) return undefined;
    sink.began?.(fullName);
    if (!isDryRun) this.#begun.push(named);
    const outcome = await this.#outcomeOf(named, isDryRun);
    sink.ended?.(fullName, outcome);
    return outcome.kind === "failed" ? failureOf("phase", fullName, outcome) : undefined;
  }

  async #outcomeOf({ fullName, phase }: NamedPhase<D>, isDryRun: boolean): Promise<PhaseOutcome> {
    const { sink, stop } = this.#run;
    const context: PhaseContext = {
      stop,
      progress: (text) => sink.progress?.(fullName, text),
      would: (text) => sink.would?.(fullName, text),
    };
    try {
      const outcome = isDryRun
        ? phase.dryRun?.(this.#data, context)
        : phase.run?.(this.#data, context);
      return (await outcome) ?? DONE;
    } catch (error) {
      return thrown(error);
    }
  }
}

/** Less those whose work somebody else has done. */
async function stillMissing<D>(
  missing: readonly MissingPhases[],
  phases: readonly Phase<D>[],
  data: D,
): Promise<readonly MissingPhases[]> {
  const byName = new Map(listPhases(phases).map(({ fullName, phase }) => [fullName, phase]));
  const isProvided = new Map<string, boolean>();
  for (const name of new Set(missing.flatMap((found) => found.missing))) {
    isProvided.set(name, (await byName.get(name)?.isProvided?.(data)) ?? false);
  }
  return missing
    .map(({ neededBy, missing: names }) => ({
      neededBy,
      missing: names.filter((name) => isProvided.get(name) !== true),
    }))
    .filter(({ missing: names }) => names.length > 0);
}

/** Never rejects. Names and dependencies are checked before anything runs; in a dry run nobody asks who else is there. */
export async function runPhases<D>(run: PhaseRun<D>): Promise<PhasesResult> {
  const selection = selectPhases(run.phases, run);
  if (selection.kind === "refused") return selection;
  const missing = missingPhases(selection.phases);
  let data: D;
  let unresolved = missing;
  try {
    if (!missing.every((found) => canBeProvided(found, run.phases))) return unmet(missing);
    data = await run.createData();
    unresolved = run.isDryRun === true ? [] : await stillMissing(missing, run.phases, data);
  } catch (error) {
    const { cause, trace = [] } = thrown(error);
    return { kind: "failed", failure: { message: cause, status: FAILED_STATUS, trace } };
  }
  if (unresolved.length > 0) return unmet(unresolved);
  return await new Runner(run, data).runAll(selection.phases);
}

function canBeProvided<D>({ missing }: MissingPhases, phases: readonly Phase<D>[]): boolean {
  const providers = listPhases(phases).filter(({ phase }) => phase.isProvided !== undefined);
  return missing.every((name) => providers.some(({ fullName }) => fullName === name));
}

const unmet = (missing: readonly MissingPhases[]): PhasesResult => ({
  kind: "unresolved",
  missing,
  message: formatMissing(missing),
});
