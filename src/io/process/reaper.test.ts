// No child outlives us: a parent that is really killed, and what is left of its children.
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemProcesses } from "./processes.ts";
import { createReaper } from "./reaper.ts";

const HERE = import.meta.dir;

/** A parent that starts a stubborn program (and that one a child) and an obedient one, prints their ids, and lives on. */
const PARENT = `
const { createReaper } = await import(${JSON.stringify(join(HERE, "reaper.ts"))});
const { systemProcesses } = await import(${JSON.stringify(join(HERE, "processes.ts"))});
const { processes } = createReaper(systemProcesses, process.argv[1]);
const start = (script) => processes.start({
  command: ["/bin/sh", "-c", script], directory: "/", env: process.env,
  onLine: (line) => console.log(line), onExit: () => console.log("over"),
});
start("trap '' TERM; sleep 30 & echo $! $$; wait; wait");
start("echo $$; exec sleep 30");
start("exit 0");
`;

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

test("what a killed process leaves behind is ended, and its folder taken away", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-reaper-"));
  const parent = Bun.spawn([process.execPath, "-e", PARENT, folder], { stdout: "pipe" });
  let output = "";
  const reader = parent.stdout.getReader();
  while (!(output.includes("over") && (output.match(/\d+/g) ?? []).length === 3)) {
    const { value } = await reader.read();
    output += new TextDecoder().decode(value);
  }
  const pids = (output.match(/\d+/g) ?? []).map(Number);
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  parent.kill("SIGKILL");
  const endMs = performance.now() + 8_000;
  while ((pids.some(isAlive) || existsSync(folder)) && performance.now() < endMs) {
    await Bun.sleep(20);
  }
  expect(pids.map(isAlive)).toEqual([false, false, false]);
  expect(existsSync(folder)).toBe(false);
}, 10_000);

test("after an end in order it has done nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-reaper-"));
  const reaper = createReaper(systemProcesses, folder);
  const started = reaper.processes.start({
    command: ["sleep", "30"],
    directory: "/",
    env: { PATH: process.env["PATH"] ?? "" },
    onLine() {},
    onExit() {},
  });
  if ("kind" in started) throw new Error(started.reason);
  await reaper.close();
  expect(isAlive(started.pid)).toBe(true);
  expect(existsSync(folder)).toBe(true);
  started.signal("SIGKILL");
});
