// The command line as a whole: help by groups, the nearest known name for a mistyped one, statuses.
import { expect, test } from "bun:test";
import { COMMANDS } from "./commands.ts";
import { wrapParagraphs } from "./program.ts";
import { EXIT } from "./shell/exit-status.ts";
import { runFake } from "./testing/fake-shell.ts";

const PEOPLE = COMMANDS.filter(({ isHidden }) => isHidden !== true);

test.each([[[]], [["--help"]], [["help"]], [["help", "help"]], [["x"]], [["--no-color"]]])(
  "%j lists every command with its summary",
  async (args) => {
    const { status, stdout, stderr } = await runFake(args);
    expect(status).toBe(EXIT.ok);
    expect(stderr).toBe("");
    for (const { name, summary, group } of PEOPLE) {
      expect(stdout).toContain(`${group}:`);
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b.*${summary.slice(0, 20)}`, "m"));
    }
  },
);

test.each([[["pilto"]], [["help", "pilto"]], [["pilto", "--help"]], [["x", "pilto"]]])(
  "%j is about no command: it gets the nearest one",
  async (args) => {
    const { status, stdout, stderr } = await runFake(args);
    expect(stderr).toContain("unknown command 'pilto'");
    expect(stderr).toContain("Did you mean pilot?");
    expect(stdout).toBe("");
    expect(status).toBe(EXIT.usage);
  },
);

test("help about a command is that command's own", async () => {
  const asked = await runFake(["help", "up"]);
  expect(asked.stdout).toStartWith("Usage: sampan up");
  expect(asked).toEqual(await runFake(["up", "--help"]));
});

test.each([
  ["a b\nc", "a b\nc"],
  ["aaa bbb ccc ddd\neee", "aaa bbb\nccc ddd\neee"],
  [
    "one two three four\n\n  indented and much longer than the rest",
    "one two\nthree four\n\n  indented and much longer than the rest",
  ],
  ["unbreakably-long word", "unbreakably-long\nword"],
])("%j fits ten columns as %j", (text, wanted) => {
  expect(wrapParagraphs(text, 10)).toBe(wanted);
});

test("words are one command each: no name or alias twice", () => {
  const words = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  expect(words.toSorted()).toEqual([...new Set(words)].toSorted());
});

test("a mistyped flag gets the nearest one, and the command's help is named", async () => {
  const { status, stderr } = await runFake(["up", "--data-plan", "envoy"]);
  expect(stderr).toContain("unknown option '--data-plan'");
  expect(stderr).toContain("Did you mean --data-plane?");
  expect(stderr).toContain("sampan up --help");
  expect(status).toBe(EXIT.usage);
});

test.each(PEOPLE.map(({ name }) => name))("%s explains itself, with an example", async (name) => {
  const { status, stdout } = await runFake([name, "--help"]);
  expect(status).toBe(EXIT.ok);
  expect(stdout).toContain(`Usage: sampan ${name}`);
  expect(stdout).toContain("Example");
});
