// A program kept running: crashes, delays, the orderly end and the other one, on a virtual clock.
import { expect, test } from "bun:test";
import { FakeTime } from "#base/testing/fake-time.ts";
import { MAX_DELAY_MS, RestartBackOff } from "./restart-back-off.ts";
import { Supervised } from "./supervised.ts";
import { FakeProcesses } from "./testing/fake-processes.ts";
import { SILENT_PART } from "./testing/silent-parts.ts";

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
    record: SILENT_PART,
    onStarted: (pid) => said.push(`started ${pid}`),
    onCrashed: ({ why, delayMs, lastLines }) =>
      said.push([why, ...lastLines, `again in ${delayMs}`].join(", ")),
  });
  return { time, processes, program, said };
}

test("a program that crashes is started again, later each time", () => {
  const { time, processes, program, said } = supervise();
  program.start();
  processes.last.exit({ code: 1 });
  expect(program.pid).toBeUndefined();
  time.advance(999);
  expect(processes.started.length).toBe(1);
  time.advance(1);
  expect(processes.started.length).toBe(2);
  processes.last.exit({ signal: "SIGSEGV" });
  time.advance(2_000);
  expect(said).toEqual([
    "started 101",
    "exit status 1, again in 1000",
    "started 102",
    "signal SIGSEGV, again in 2000",
    "started 103",
  ]);
});

test("what a program printed last is told with its crash, without its stack, and not twice", () => {
  const { time, processes, program, said } = supervise();
  program.start();
  const crash = (code: number, ...lines: string[]): string | undefined => {
    for (const line of lines) processes.last.print(line);
    processes.last.exit({ code });
    const last = said.at(-1)?.replace(/, again in \d+$/, "");
    time.advance(MAX_DELAY_MS);
    return last;
  };
  const lines = Array.from({ length: 12 }, (_, i) => `line ${i + 1}`);
  expect(crash(1, ...lines)).toBe(`exit status 1, ${lines.slice(4).join(", ")}`);
  expect(crash(2)).toBe("exit status 2");
  const error = ["TypeError: no", "", "      at start (a.ts:1:2)", "      at b.ts:3:4"];
  expect(crash(3, ...error)).toBe("exit status 3, TypeError: no");
  expect(crash(3, ...error)).toBe("exit status 3");
});

test("stop asks, then kills what is left of the group, and nothing starts again", async () => {
  const { time, processes, program } = supervise();
  program.start();
  const stopped = program.stop();
  expect(processes.last.signals).toEqual(["SIGTERM"]);
  processes.last.exit({ signal: "SIGTERM" });
  await stopped;
  expect(processes.last.signals).toEqual(["SIGTERM", "SIGKILL"]);
  time.advance(100_000);
  expect(processes.started.length).toBe(1);
});

test("a program that does not end is killed", async () => {
  const { time, processes, program } = supervise();
  program.start();
  const stopped = program.stop();
  time.advance(5_000);
  expect(processes.last.signals).toEqual(["SIGTERM", "SIGKILL"]);
  processes.last.exit({ signal: "SIGKILL" });
  await stopped;
});

test("stop asked for twice is one stop, and both wait for its end", async () => {
  const { processes, program } = supervise();
  program.start();
  const both = Promise.all([program.stop(), program.stop()]);
  processes.last.exit({ signal: "SIGTERM" });
  await both;
  expect(processes.last.signals).toEqual(["SIGTERM", "SIGKILL"]);
});

test("kill does not ask, also when stop has asked before", () => {
  const { time, processes, program } = supervise();
  program.start();
  program.stop().catch(() => {});
  program.kill();
  expect(processes.last.signals).toEqual(["SIGTERM", "SIGKILL"]);
  processes.last.exit({ signal: "SIGKILL" });
  time.advance(100_000);
  program.start();
  expect(processes.started.length).toBe(1);
});

test("stop between crash and restart takes the restart back", async () => {
  const { time, processes, program } = supervise();
  program.start();
  processes.last.exit({ code: 1 });
  await program.stop();
  time.advance(100_000);
  expect(processes.started.length).toBe(1);
});

test("the delay doubles to its limit, and begins again after a steady run", () => {
  const backOff = new RestartBackOff();
  const delays = Array.from({ length: 7 }, () => backOff.next(0));
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, MAX_DELAY_MS, MAX_DELAY_MS]);
  expect(backOff.next(60_000)).toBe(1_000);
});
