// Programs that end, hang, print too much or are not there.
import { expect, test } from "bun:test";
import { FakeTime } from "#base/testing/fake-time.ts";
import { runProgram } from "./run-program.ts";
import { fakePorts } from "./testing/run-check.ts";

test("what it printed and how it ended", async () => {
  const ports = fakePorts({ programs: { "sh -c": { code: 3, output: "one\ntwo" } } });
  expect(await runProgram(ports, ["/bin/sh", "-c", "x"], 1_000)).toEqual({
    kind: "ended",
    code: 3,
    output: "one\ntwo",
  });
});

test("of a program that floods, the first lines are kept", async () => {
  const output = Array.from({ length: 1_000 }, (_, line) => String(line)).join("\n");
  const result = await runProgram(
    fakePorts({ programs: { yes: { code: 0, output } } }),
    ["yes"],
    1_000,
  );
  expect(result.kind === "ended" && result.output.split("\n")).toHaveLength(50);
});

test("one that is not there, and one that a signal ended", async () => {
  expect(await runProgram(fakePorts(), ["gone"], 1_000)).toEqual({
    kind: "failed",
    reason: "no program gone",
  });
  const processes = {
    start: ({
      onExit,
    }: {
      readonly onExit: (exit: { code: undefined; signal: string }) => void;
    }) => {
      queueMicrotask(() => onExit({ code: undefined, signal: "SIGSEGV" }));
      return { pid: 1, signal() {} };
    },
  };
  expect(await runProgram({ ...fakePorts(), processes }, ["crash"], 1_000)).toEqual({
    kind: "failed",
    reason: "ended by SIGSEGV",
  });
});

test("one that hangs is killed when its time is over, and leaves no timer", async () => {
  const time = new FakeTime();
  const signals: string[] = [];
  const processes = {
    start: () => ({ pid: 1, signal: (name: string) => void signals.push(name) }),
  };
  const running = runProgram({ ...fakePorts({ time }), processes }, ["hang"], 1_500);
  time.advance(1_499);
  expect(signals).toEqual([]);
  time.advance(1);
  expect(await running).toEqual({ kind: "failed", reason: "did not end within 1.5 s" });
  expect(signals).toEqual(["SIGKILL"]);
  expect(time.timerCount).toBe(0);
});
