// The command line as a whole: help by groups, the nearest known name for a mistyped one, statuses.
import { expect, test } from "bun:test";
import { COMMANDS } from "./commands.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runFake } from "./testing/fake-shell.ts";

test("help lists every command with its summary", async () => {
  const { status, stdout } = await runFake(["--help"]);
  expect(status).toBe(EXIT.ok);
  for (const { name, summary, group } of COMMANDS) {
    expect(stdout).toContain(`${group}:`);
    expect(stdout).toMatch(new RegExp(`^  ${name} .*${summary.slice(0, 20)}`, "m"));
  }
});

test("a mistyped command gets the nearest one", async () => {
  const { status, stderr } = await runFake(["pilto"]);
  expect(stderr).toContain("unknown command 'pilto'");
  expect(stderr).toContain("Did you mean pilot?");
  expect(status).toBe(EXIT.usage);
});

test("a mistyped flag gets the nearest one, and the command's help is named", async () => {
  const { status, stderr } = await runFake(["up", "--data-plan", "envoy"]);
  expect(stderr).toContain("unknown option '--data-plan'");
  expect(stderr).toContain("Did you mean --data-plane?");
  expect(stderr).toContain("sampan up --help");
  expect(status).toBe(EXIT.usage);
});

test.each(COMMANDS.map(({ name }) => name))("%s explains itself, with an example", async (name) => {
  const { status, stdout } = await runFake([name, "--help"]);
  expect(status).toBe(EXIT.ok);
  expect(stdout).toContain(`Usage: sampan ${name}`);
  expect(stdout).toContain("Example");
});
