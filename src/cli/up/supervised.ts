// One program kept running: started again with back-off when it ends, and stopped for good in the end.
import type { Clock } from "#base/clock.ts";
import type { ProcessExit, Processes, ProcessOptions, RunningProcess } from "#base/processes.ts";
import type { Timer, Timers } from "#base/timers.ts";
import { RestartBackOff } from "./restart-back-off.ts";

/** How long a program may take to end by itself before it is killed. */
const STOP_LIMIT_MS = 5_000;

export interface SupervisedOptions {
  readonly name: string;
  readonly program: Omit<ProcessOptions, "onExit">;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly timers: Timers;
  /** After each start. */
  readonly onStarted: (pid: number) => void;
  /** It ended without being asked to, and is started again after `delayMs`. */
  readonly onCrashed: (why: string, delayMs: number) => void;
}

/** "exit status 1", "signal SIGKILL" */
export function describeExit(exit: ProcessExit): string {
  if (exit.signal !== undefined) return `signal ${exit.signal}`;
  return `exit status ${exit.code ?? "unknown"}`;
}

export class Supervised {
  readonly #options: SupervisedOptions;
  readonly #backOff = new RestartBackOff();
  #running: RunningProcess | undefined;
  #startedAtMs = 0;
  #restart: Timer | undefined;
  #isStopping = false;
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

  start(): void {
    const { program, processes, clock } = this.#options;
    this.#startedAtMs = clock.nowMs();
    const started = processes.start({ ...program, onExit: (exit) => this.#handleExit(exit) });
    if ("kind" in started) {
      this.#crashed(started.reason);
      return;
    }
    this.#running = started;
    this.#options.onStarted(started.pid);
  }

  /** Asks it to end, kills it when it does not; resolves when nothing of it runs any more. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#restart?.cancel();
    const running = this.#running;
    if (running === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const kill = this.#options.timers.after(STOP_LIMIT_MS, () => running.signal("SIGKILL"));
      this.#onStopped = () => {
        kill.cancel();
        running.signal("SIGKILL"); // what the program itself started and left behind
        resolve();
      };
      running.signal("SIGTERM");
    });
  }

  #handleExit(exit: ProcessExit): void {
    const running = this.#running;
    this.#running = undefined;
    if (this.#isStopping) {
      this.#onStopped?.();
      return;
    }
    running?.signal("SIGKILL");
    this.#crashed(describeExit(exit));
  }

  #crashed(why: string): void {
    if (this.#isStopping) return;
    const { clock, timers } = this.#options;
    const delayMs = this.#backOff.next(clock.nowMs() - this.#startedAtMs);
    this.#options.onCrashed(why, delayMs);
    this.#restart = timers.after(delayMs, () => this.start());
  }
}
