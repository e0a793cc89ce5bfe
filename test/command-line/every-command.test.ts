// What holds for every command alike: help, examples, flags, suggestions, and manners in a pipe.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Command } from "commander";
import { COMMANDS } from "#cli/commands.ts";
import { valueKey, valueNameOf } from "#cli/completion/value-sources.ts";
import { createProgram } from "#cli/program.ts";
import { EXIT } from "#cli/shell/exit-status.ts";
import { fakeShell, runFake } from "#cli/testing/fake-shell.ts";
import { fullName, visibleCommands } from "../../tools/reference/cli-page.ts";
import { type ProgramRun, runProgram } from "../support/run-program.ts";

const SAMPAN = join(import.meta.dir, "../../bin/sampan");
/** Help is read on terminals of 80 columns too. */
const COLUMNS = 80;

const commands = visibleCommands(await createProgram(fakeShell().shell, "all"));
const words = (command: Command): string[] => fullName(command).split(" ").slice(1);
const cases = commands.map((command) => [words(command).join(" "), command] as const);

test("there are commands to look at", () => {
  expect(commands.length).toBeGreaterThanOrEqual(
    COMMANDS.filter(({ isHidden }) => isHidden !== true).length,
  );
});

describe.each(cases)("%s", (name, command) => {
  test("its help has an example of itself, fits the terminal and has no colours", async () => {
    const { status, stdout, stderr } = await runFake([...words(command), "--help"]);
    expect(status).toBe(EXIT.ok);
    expect(stderr).toBe("");
    expect(stdout).toStartWith(`Usage: sampan ${words(command)[0]}`);
    const isGroup = command.commands.length > 0 && command.registeredArguments.length === 0;
    if (!isGroup) {
      expect(stdout).toMatch(/^Examples?:$/m);
      expect(stdout).toContain(`  sampan ${name}`);
    }
    expect(stdout).not.toContain("\u001b");
    for (const line of stdout.split("\n")) {
      if (line.length > COLUMNS) expect(line).toMatch(/^ {2}\S/); // an example, which is copied as it is
    }
  });

  test("each flag and argument is explained", () => {
    for (const { flags, description, hidden } of command.options) {
      if (hidden) continue;
      expect(`${flags}: ${description}`).toMatch(/: \S/);
    }
    for (const argument of command.registeredArguments) {
      expect(`${argument.name()}: ${argument.description}`).toMatch(/: \S/);
    }
  });

  test("completion knows what each value is", () => {
    for (const place of [...command.options, ...command.registeredArguments]) {
      if (place.argChoices !== undefined) continue;
      const value = valueNameOf(place);
      if (value !== undefined) expect([value, valueKey(place, command)]).not.toContain(undefined);
    }
  });

  test("a mistyped flag gets the nearest one", async () => {
    const flag = command.options.find(
      ({ long, hidden }) => !hidden && (long?.length ?? 0) > 6,
    )?.long;
    if (flag === undefined || flag === null) return;
    const required = command.options
      .filter(({ mandatory }) => mandatory)
      .flatMap(({ long }) => [long ?? "", "x"]);
    const typed = `${flag.slice(0, -2)}${flag.at(-1)}`;
    const { status, stdout, stderr } = await runFake([...words(command), ...required, typed]);
    expect(status).toBe(EXIT.usage);
    expect(stdout).toBe("");
    expect(stderr).toContain(`unknown option '${typed}'`);
    expect(stderr).toMatch(new RegExp(`Did you mean (?:one of )?.*${flag}`));
    expect(stderr).toContain(" --help says more)");
  });
});

const bash = (script: string): Promise<ProgramRun> =>
  runProgram(["bash", "-c", script, "bash", SAMPAN]);

test("a pipe that is closed early is no failure and no noise", async () => {
  for (const command of ["completion bash", "help up", "--help"]) {
    const script = `"$1" ${command} | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await bash(script);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toHaveLength(3);
    expect(stdout).toEndWith("\n0\n");
  }
});

test("an output that is closed already is no noise", async () => {
  const { stderr } = await bash('"$1" --help >&-');
  expect(stderr).toBe("");
});
