import { expect, test } from "bun:test";
import type { ProcessExit, Processes, ProcessOptions, Signal } from "#base/processes.ts";
import { FakeTime } from "#base/testing/fake-time.ts";
import { MAX_DELAY_MS, RestartBackOff } from "./restart-back-off.ts";
import { Supervised } from "./supervised.ts";

/** Programs that end when the test says so. */
class FakeProcesses implements Processes {
  readonly signals: Signal[] = [];
  startCount = 0;
  #onExit: (exit: ProcessExit) => void = () => {};

  start(options: ProcessOptions): { readonly pid: number; signal(signal: Signal): void } {
    this.startCount += 1;
    this.#onExit = options.onExit;
    return { pid: 100 + this.startCount, signal: (signal) => this.signals.push(signal) };
  }

  exit(exit: Partial<ProcessExit>): void {
    this.#onExit({ code: undefined, signal: undefined, ...exit });
  }
}

function supervise(): {
  time: FakeTime;
  processes: FakeProcesses;
  program: Supervised;
  said: string[];
} {
  const time = new FakeTime();
  const processes = new FakeProcesses();
  const said: string[] = [];
  const program = new Supervised({
    name: "ratings-v1-1",
    program: { command: ["ratings"], directory: "/", env: {}, onLine: () => {} },
    processes,
    clock: time,
    timers: time,
    onStarted: (pid) => said.push(`started ${pid}`),
    onCrashed: (why, delayMs) => said.push(`${why}, again in ${delayMs}`),
  });
  return { time, processes, program, said };
}

test("a program that crashes is started again, later each time", () => {
  const { time, processes, program, said } = supervise();
  program.start();
  processes.exit({ code: 1 });
  expect(program.pid).toBeUndefined();
  time.advance(999);
  expect(processes.startCount).toBe(1);
  time.advance(1);
  expect(processes.startCount).toBe(2);
  processes.exit({ signal: "SIGSEGV" });
  time.advance(2_000);
  expect(said).toEqual([
    "started 101",
    "exit status 1, again in 1000",
    "started 102",
    "signal SIGSEGV, again in 2000",
    "started 103",
  ]);
});

test("stop asks, then kills what is left of the group, and nothing starts again", async () => {
  const { time, processes, program } = supervise();
  program.start();
  const stopped = program.stop();
  expect(processes.signals).toEqual(["SIGTERM"]);
  processes.exit({ signal: "SIGTERM" });
  await stopped;
  expect(processes.signals).toEqual(["SIGTERM", "SIGKILL"]);
  time.advance(100_000);
  expect(processes.startCount).toBe(1);
});

test("a program that does not end is killed", async () => {
  const { time, processes, program } = supervise();
  program.start();
  const stopped = program.stop();
  time.advance(5_000);
  expect(processes.signals).toEqual(["SIGTERM", "SIGKILL"]);
  processes.exit({ signal: "SIGKILL" });
  await stopped;
});

test("stop between crash and restart takes the restart back", async () => {
  const { time, processes, program } = supervise();
  program.start();
  processes.exit({ code: 1 });
  await program.stop();
  time.advance(100_000);
  expect(processes.startCount).toBe(1);
});

test("the delay doubles to its limit, and begins again after a steady run", () => {
  const backOff = new RestartBackOff();
  const delays = Array.from({ length: 7 }, () => backOff.next(0));
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, MAX_DELAY_MS, MAX_DELAY_MS]);
  expect(backOff.next(60_000)).toBe(1_000);
});
