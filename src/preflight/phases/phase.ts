// What a phase is: a named step of a command, in kubeadm's manner, with what it needs and how it is undone. It prints nothing itself.

export type PhaseOutcome =
  | { readonly kind: "done" }
  | {
      readonly kind: "failed";
      /** Why, after "error execution phase NAME: "; may have several lines. */
      readonly cause: string;
      /** Exit status that tells this failure from others. Left out: 1. */
      readonly status?: number;
      /** Where inside the phase, innermost first: "check Swap (machine)", or the frames of an error. */
      readonly trace?: readonly string[];
    };

export const DONE: PhaseOutcome = { kind: "done" };

/** The person asked for the end. A phase that waits for something gives up then; what it returns does not matter any more. */
export interface PhaseStop {
  readonly isStopped: boolean;
  readonly stopped: Promise<void>;
}

export interface PhaseContext {
  readonly stop: PhaseStop;
  /** What it waits for right now, in one line; the next call replaces it. */
  progress(text: string): void;
  /** For a dry run: one thing that the phase would do, "start the pilot on 127.0.0.1:15010". */
  would(text: string): void;
}

/** `D` is what the phases of a command share. */
export interface Phase<D> {
  /** Lower-case; what stands behind a blank is for the help only ("certs [name]"). Its full name has its parents' before it: certs/ca. */
  readonly name: string;
  /** One line for lists. */
  readonly short: string;
  /** The text of its own help; left out: `short`. */
  readonly long?: string;
  /** Left out of help, and cannot be called alone. */
  readonly isHidden?: boolean;
  /** They run after it, in this order. */
  readonly phases?: readonly Phase<D>[];
  /** Full names of phases that must have run earlier in the same run. */
  readonly needs?: readonly string[];
  /** Whether what it makes is there already, made by somebody else: then those that need it may run without it. */
  isProvided?(data: D): boolean | Promise<boolean>;
  /** False: it is passed over, with nothing said; its children are asked on their own. Left out: true. */
  runIf?(data: D): boolean | Promise<boolean>;
  run?(data: D, context: PhaseContext): PhaseOutcome | Promise<PhaseOutcome>;
  /** Says by `context.would` what `run` would do, and changes nothing. */
  dryRun?(data: D, context: PhaseContext): PhaseOutcome | Promise<PhaseOutcome>;
  /** Takes back what `run` did, whole or in part: it is called for a `run` that failed or was stopped half-way too. */
  undo?(data: D): void | Promise<void>;
}
