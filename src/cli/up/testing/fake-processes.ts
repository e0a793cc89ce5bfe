// Processes that start, print and end when a test says so.
import type {
  ProcessExit,
  Processes,
  ProcessOptions,
  RunningProcess,
  Signal,
} from "#base/processes.ts";

export class FakeProcess implements RunningProcess {
  readonly pid: number;
  readonly options: ProcessOptions;
  readonly signals: Signal[] = [];
  isRunning = true;

  constructor(pid: number, options: ProcessOptions) {
    this.pid = pid;
    this.options = options;
  }

  signal(signal: Signal): void {
    this.signals.push(signal);
  }

  print(line: string): void {
    this.options.onLine(line, "stderr");
  }

  exit(exit: Partial<ProcessExit>): void {
    this.isRunning = false;
    this.options.onExit({ code: undefined, signal: undefined, ...exit });
  }
}

export class FakeProcesses implements Processes {
  /** In the order of their start. */
  readonly started: FakeProcess[] = [];
  /** True: a process ends as soon as it is sent a signal. */
  isObedient = false;

  start(options: ProcessOptions): RunningProcess {
    const started = new FakeProcess(101 + this.started.length, options);
    this.started.push(started);
    if (!this.isObedient) return started;
    return {
      pid: started.pid,
      signal: (signal) => {
        started.signal(signal);
        if (started.isRunning) queueMicrotask(() => started.isRunning && started.exit({ signal }));
      },
    };
  }

  /** The one started last. */
  get last(): FakeProcess {
    const last = this.started.at(-1);
    if (last === undefined) throw new Error("nothing was started");
    return last;
  }
}
