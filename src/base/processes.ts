// The process port: programs started, watched and stopped.

export type Signal = "SIGTERM" | "SIGINT" | "SIGKILL";

export interface ProcessExit {
  /** Exit status; undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface ProcessOptions {
  /** Program and arguments; the program is looked up in `env.PATH`. */
  readonly command: readonly [string, ...string[]];
  readonly directory: string;
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  /** Each line of output, without its end; longer lines come in parts. */
  readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
  /** Once, after which nothing else is called. */
  readonly onExit: (exit: ProcessExit) => void;
}

export interface RunningProcess {
  readonly pid: number;
  /** Sends the signal to the program and everything that it started (its process group); harmless after its end. */
  signal(signal: Signal): void;
}

/** Sends a signal to a process that somebody else started. False: it is not there, or not ours to stop. */
export type SignalProcess = (pid: number, signal: Signal) => boolean;

export interface Processes {
  /** Starts a program in a process group of its own, without a terminal. */
  start(
    options: ProcessOptions,
  ): RunningProcess | { readonly kind: "failed"; readonly reason: string };
}

/** Runs a program on our own terminal, as an editor, and resolves when it has ended. */
export type RunInForeground = (options: {
  readonly command: readonly [string, ...string[]];
  readonly directory: string;
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>;
}) => Promise<ProcessExit | { readonly kind: "failed"; readonly reason: string }>;
