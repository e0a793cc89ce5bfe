// The preflight as a phase: what `up`, `pilot` and `proxy` say, and what they go on in spite of.
import { describe, expect, test } from "bun:test";
import { fakePorts, SETTINGS, type World } from "#preflight/testing/run-check.ts";
import { EXIT } from "../shell/exit-status.ts";
import { fakeShell } from "../testing/fake-shell.ts";
import type { PreflightFlags } from "./options.ts";
import { preflight, tellPreflightFailed } from "./phase.ts";

const SWAP_ON: World = { machine: { files: { "/proc/swaps": "Filename\n/swap file 1 0 -2\n" } } };
const HEADER = "[preflight] Running pre-flight checks\n";
const DEFAULTS =
  "[preflight] Ignored by default on a developer's machine: Swap. To make it count: --ignore-preflight-errors=none\n";
const SWAP = `Swap]: running with swap on is not supported. Please disable swap
\t\tfix: run "sudo swapoff -a", and take the swap lines out of /etc/fstab to keep it off
`;
const FATAL = `error execution phase preflight: [preflight] Some fatal errors occurred:
\t[ERROR ${SWAP}[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`
To see the stack trace of this error execute with --v=5 or higher
`;

async function run(
  command: "up" | "pilot" | "proxy",
  world: World = {},
  flags: PreflightFlags = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly status: number }> {
  const { shell, ran } = fakeShell(fakePorts(world));
  const result = await preflight(shell, command, SETTINGS, flags);
  const status = result.kind === "passed" ? EXIT.ok : tellPreflightFailed(shell, result);
  const { stdout, stderr } = ran();
  return { stdout, stderr, status };
}

describe("up", () => {
  test("says what it ignores by default, and how to make it count", async () => {
    expect(await run("up")).toEqual({ stdout: HEADER + DEFAULTS, stderr: "", status: EXIT.ok });
  });

  test("goes on with swap on, with a warning", async () => {
    expect(await run("up", SWAP_ON)).toEqual({
      stdout: HEADER + DEFAULTS,
      stderr: `\t[WARNING ${SWAP}`,
      status: EXIT.ok,
    });
  });

  test("stops at swap when told that it counts", async () => {
    const flags = { ignorePreflightErrors: ["none"] };
    expect(await run("up", SWAP_ON, flags)).toEqual({
      stdout: HEADER,
      stderr: FATAL,
      status: EXIT.preflight,
    });
  });

  test("other names do not take the default away", async () => {
    const flags = { ignorePreflightErrors: ["OpenFiles"] };
    expect(await run("up", SWAP_ON, flags)).toMatchObject({ status: EXIT.ok });
  });
});

describe.each(["pilot", "proxy"] as const)("%s", (command) => {
  test("says nothing where nothing is wrong", async () => {
    expect(await run(command)).toEqual({ stdout: "", stderr: "", status: EXIT.ok });
  });

  test("stops at swap, and stdout stays for its own words", async () => {
    expect(await run(command, SWAP_ON)).toEqual({
      stdout: "",
      stderr: FATAL,
      status: EXIT.preflight,
    });
  });

  test("goes on with what is ignored, below the header", async () => {
    const flags = { ignorePreflightErrors: ["swap"] };
    expect(await run(command, SWAP_ON, flags)).toEqual({
      stdout: "",
      stderr: `${HEADER}\t[WARNING ${SWAP}`,
      status: EXIT.ok,
    });
  });

  test("a wrong list is a wrong command line", async () => {
    const flags = { ignorePreflightErrors: ["all,Swap"] };
    expect(await run(command, SWAP_ON, flags)).toEqual({
      stdout: "",
      stderr:
        "ignore-preflight-errors: Invalid value: \"all,swap\": don't specify individual checks if 'all' is used\n",
      status: EXIT.usage,
    });
  });

  test("with verbosity, what is looked at, and where an error came from", async () => {
    const { stderr } = await run(command, SWAP_ON, { v: 5 });
    expect(stderr).toStartWith(`${HEADER}[preflight] validating NumCPU: `);
    expect(stderr).toEndWith(
      `stack trace of phases:\n\tcheck Swap (machine)\n\tphase preflight\n\tcommand sampan ${command}\n`,
    );
  });

  test("waits for nothing: no name is looked up, nobody is asked, no program is run", async () => {
    const never = () => {
      throw new Error("this takes time");
    };
    const ports = {
      ...fakePorts(),
      dns: { resolve: never },
      httpClient: { request: never },
      processes: { start: never },
    };
    const { shell, ran } = fakeShell(ports);
    const settings = { ...SETTINGS, dataPlane: "envoy", hostnames: ["a.example"] } as const;
    expect(await preflight(shell, command, settings, {})).toEqual({ kind: "passed" });
    expect(ran().stderr).toBe("");
  });
});
