// One program kept running: started again with back-off when it ends, and stopped for good in the end.
import type { Clock } from "#base/clock.ts";
import type { ProcessExit, Processes, ProcessOptions, RunningProcess } from "#base/processes.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { PartRecord } from "./parts.ts";
import { RestartBackOff } from "./restart-back-off.ts";

/** How long a program may take to end by itself before it is killed. */
const STOP_LIMIT_MS = 5_000;
/** Of what a program printed, this much is kept for the case that it ends: enough for the words before a stack trace. */
const LAST_LINES = 8;
/** Blank, or a frame of a stack: the words stand above. */
const IS_NOISE = /^\s*(?:at .*)?$/;

export interface SupervisedOptions {
  readonly name: string;
  readonly program: Omit<ProcessOptions, "onExit">;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly timers: Timers;
  /** What it is and prints, for those who look from outside. */
  readonly record: PartRecord;
  /** After each start. */
  readonly onStarted: (pid: number) => void;
  /** It ended without being asked to, and is started again after `delayMs`. */
  readonly onCrashed: (crash: Crash) => void;
}

export interface Crash {
  /** "exit status 1", "signal SIGKILL" */
  readonly why: string;
  readonly delayMs: number;
  /** What it printed last, oldest first; empty when it is what it printed before its last crash too. */
  readonly lastLines: readonly string[];
}

/** "ended with exit status 1; started again in 2 s" */
export function describeCrash({ why, delayMs }: Crash): string {
  return `ended with ${why}; started again in ${delayMs / 1000} s`;
}

function describeExit(exit: ProcessExit): string {
  if (exit.signal !== undefined) return `signal ${exit.signal}`;
  return `exit status ${exit.code ?? "unknown"}`;
}

export class Supervised {
  readonly #options: SupervisedOptions;
  readonly #backOff = new RestartBackOff();
  #running: RunningProcess | undefined;
  #startedAtMs = 0;
  #restart: Timer | undefined;
  #lastLines: string[] = [];
  #toldLines = "";
  #stopping: Promise<void> | undefined;
  #onStopped: (() => void) | undefined;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** undefined while it does not run. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Not after `stop` or `kill`. */
  start(): void {
    if (this.#stopping !== undefined) return;
    const { program, processes, clock, record } = this.#options;
    this.#startedAtMs = clock.nowMs();
    this.#lastLines = [];
    const started = processes.start({
      ...program,
      onLine: (line, stream) => {
        if (!IS_NOISE.test(line)) this.#lastLines.push(line);
        if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
        record.line(line, stream);
        program.onLine(line, stream);
      },
      onExit: (exit) => this.#handleExit(exit),
    });
    if ("kind" in started) {
      record.line(started.reason, "stderr");
      this.#crashed(started.reason);
      return;
    }
    this.#running = started;
    record.started(started.pid);
    this.#options.onStarted(started.pid);
  }

  /** Asks it to end, kills it when it does not; resolves when nothing of it runs any more. */
  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  /** Kills it and everything that it started, without waiting for the end. */
  kill(): void {
    this.#stopping ??= Promise.resolve();
    this.#restart?.cancel();
    this.#running?.signal("SIGKILL");
  }

  #end(): Promise<void> {
    this.#restart?.cancel();
    const running = this.#running;
    if (running === undefined) {
      this.#options.record.close();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const kill = this.#options.timers.after(STOP_LIMIT_MS, () => running.signal("SIGKILL"));
      this.#onStopped = () => {
        kill.cancel();
        running.signal("SIGKILL"); // what the program itself started and left behind
        this.#options.record.close();
        resolve();
      };
      running.signal("SIGTERM");
    });
  }

  #handleExit(exit: ProcessExit): void {
    const running = this.#running;
    this.#running = undefined;
    this.#options.record.ended();
    if (this.#stopping !== undefined) {
      this.#onStopped?.();
      return;
    }
    running?.signal("SIGKILL");
    this.#crashed(describeExit(exit));
  }

  #crashed(why: string): void {
    const { clock, timers } = this.#options;
    const delayMs = this.#backOff.next(clock.nowMs() - this.#startedAtMs);
    const lines = this.#lastLines.join("\n");
    const lastLines = lines === this.#toldLines ? [] : this.#lastLines;
    this.#toldLines = lines;
    this.#options.onCrashed({ why, delayMs, lastLines });
    this.#restart = timers.after(delayMs, () => this.start());
  }
}
