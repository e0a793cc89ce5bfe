// `sampan down` over run directories in memory: which process gets which signal, and for how long it waits.
import { describe, expect, test } from "bun:test";
import { FakeTime } from "#base/testing/fake-time.ts";
import { runCommandLine } from "./program.ts";
import { FakeRunDirectory, STATE_ENV } from "./testing/fake-run-directory.ts";
import { fakeShell, type Ran } from "./testing/fake-shell.ts";

interface Machine {
  readonly files: FakeRunDirectory;
  /** What was sent: "SIGTERM 7". */
  readonly sent: string[];
  /** What processes do when they are sent a signal; false: it could not be sent. */
  readonly onSignal?: (pid: number, time: FakeTime) => boolean;
}

async function down(machine: Machine, ...args: readonly string[]): Promise<Ran> {
  const time = new FakeTime();
  const { shell, ran } = fakeShell({
    files: machine.files,
    env: STATE_ENV,
    clock: time,
    // Waiting makes time pass.
    timers: {
      after: (delayMs, callback) => {
        const timer = time.after(delayMs, callback);
        queueMicrotask(() => time.advance(delayMs));
        return timer;
      },
      every: () => ({ cancel() {} }),
    },
    signalProcess: (pid, signal) => {
      machine.sent.push(`${signal} ${pid}`);
      return machine.onSignal?.(pid, time) ?? true;
    },
  });
  await runCommandLine(["down", ...args], shell);
  return ran();
}

function oneMesh(): FakeRunDirectory {
  const files = new FakeRunDirectory();
  files.addMesh("15014", 7, []);
  return files;
}

describe("sampan down", () => {
  test("stops the mesh and returns when it and its directory are gone", async () => {
    const files = oneMesh();
    const sent: string[] = [];
    const onSignal = (pid: number, time: FakeTime): boolean => {
      time.after(1_000, () => files.endProcess(pid));
      time.after(1_500, () => files.endMesh("15014", pid));
      return true;
    };
    const { status, stdout, stderr } = await down({ files, sent, onSignal });
    expect([status, sent]).toEqual([0, ["SIGTERM 7"]]);
    expect(stderr).toBe("stopping mesh 15014 (/home/jo/shop), process 7\n");
    expect(stdout).toBe("mesh 15014 (/home/jo/shop) stopped after 1.5 s\n");
  });

  test("--force kills it", async () => {
    const files = oneMesh();
    const sent: string[] = [];
    const onSignal = (pid: number): boolean => {
      files.endMesh("15014", pid);
      return true;
    };
    expect((await down({ files, sent, onSignal }, "--force")).status).toBe(0);
    expect(sent).toEqual(["SIGKILL 7"]);
  });

  test("says when it does not end in time", async () => {
    const files = oneMesh();
    const { status, stderr } = await down({ files, sent: [] }, "--timeout", "2s");
    expect(status).toBe(1);
    expect(stderr).toContain(
      "Mesh 15014 still runs, process 7: wait longer with --timeout, or kill it with --force\n",
    );
  });

  test("sends nothing to a process that only has the same id", async () => {
    const files = oneMesh();
    files.startProcess(7, "9900");
    const sent: string[] = [];
    const { status, stderr } = await down({ files, sent });
    expect([status, sent]).toEqual([1, []]);
    expect(stderr).toContain("No mesh runs on this machine");
  });

  test("says when it may not stop it", async () => {
    const { status, stderr } = await down({ files: oneMesh(), sent: [], onSignal: () => false });
    expect(status).toBe(1);
    expect(stderr).toContain("Cannot send SIGTERM to process 7");
  });

  test("of several it wants a name, or --all", async () => {
    const files = oneMesh();
    files.addMesh("16014", 8, []);
    const sent: string[] = [];
    const onSignal = (pid: number): boolean => {
      files.endMesh(pid === 7 ? "15014" : "16014", pid);
      return true;
    };
    const refused = await down({ files, sent, onSignal });
    expect([refused.status, sent]).toEqual([1, []]);
    expect(refused.stderr).toContain("--mesh 15014|16014");
    expect((await down({ files, sent, onSignal }, "--all")).status).toBe(0);
    expect(sent).toEqual(["SIGTERM 7", "SIGTERM 8"]);
  });
});
