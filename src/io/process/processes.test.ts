// The process port with real programs: lines, ends, signals to whole groups.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ProcessExit, RunningProcess } from "#base/processes.ts";
import { systemProcesses } from "./processes.ts";

interface Run {
  readonly process: RunningProcess;
  readonly lines: string[];
  readonly exit: Promise<ProcessExit>;
}

function run(command: readonly [string, ...string[]], env: Record<string, string> = {}): Run {
  const lines: string[] = [];
  let resolve: (exit: ProcessExit) => void = () => {};
  const exit = new Promise<ProcessExit>((done) => {
    resolve = done;
  });
  const started = systemProcesses.start({
    command,
    directory: "/",
    env: { PATH: process.env["PATH"] ?? "", ...env },
    onLine: (line, stream) => lines.push(`${stream}: ${line}`),
    onExit: resolve,
  });
  if ("kind" in started) throw new Error(started.reason);
  return { process: started, lines, exit };
}

/** A zombie that nobody has fetched yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("output comes line by line, the last one without its end too", async () => {
  const { lines, exit } = run(["/bin/sh", "-c", "echo one; echo two >&2; printf three"]);
  expect(await exit).toEqual({ code: 0, signal: undefined });
  expect(lines.toSorted()).toEqual(["stderr: two", "stdout: one", "stdout: three"]);
});

test("the environment is what was given and nothing else", async () => {
  const { lines, exit } = run(["/usr/bin/env"], { HOST: "127.0.1.2" });
  await exit;
  expect(lines.some((line) => line === "stdout: HOST=127.0.1.2")).toBe(true);
  expect(lines.some((line) => line.includes("HOME="))).toBe(false);
});

test("much output right before the end comes before the exit", async () => {
  const { lines, exit } = run(["/bin/sh", "-c", "seq 1 20000; kill -9 $$"]);
  expect(await exit).toEqual({ code: undefined, signal: "SIGKILL" });
  expect(lines.at(-1)).toBe("stdout: 20000");
});

test("a program that left something running with its output open has ended all the same", async () => {
  const startedMs = performance.now();
  const { process: started, exit } = run(["/bin/sh", "-c", "sleep 5 & echo gone"]);
  expect((await exit).code).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  started.signal("SIGKILL");
});

test("an exit status and a signal are told apart", async () => {
  expect(await run(["/bin/sh", "-c", "exit 7"]).exit).toEqual({ code: 7, signal: undefined });
  const sleeper = run(["sleep", "60"]);
  sleeper.process.signal("SIGKILL");
  expect(await sleeper.exit).toEqual({ code: undefined, signal: "SIGKILL" });
});

test("a signal reaches what the program itself started", async () => {
  const { process: started, lines, exit } = run(["/bin/sh", "-c", "sleep 60 & echo $!; wait"]);
  while (lines.length === 0) await Bun.sleep(5);
  const child = Number(lines[0]?.split(" ")[1]);
  expect(isAlive(child)).toBe(true);
  started.signal("SIGKILL");
  await exit;
  for (let tries = 0; isAlive(child) && tries < 200; tries += 1) await Bun.sleep(10);
  expect(isAlive(child)).toBe(false);
});

test("a program that does not exist ends with 127 and says so", async () => {
  const { lines, exit } = run(["no-such-program-here"]);
  expect(await exit).toEqual({ code: 127, signal: undefined });
  expect(lines.join("\n")).toContain("no-such-program-here");
});

test("a signal after the end is harmless", async () => {
  const { process: started, exit } = run(["true"]);
  await exit;
  started.signal("SIGTERM");
});
