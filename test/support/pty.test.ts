// The pseudo-terminal of tests shows what a terminal would show.
import { afterEach, expect, test } from "bun:test";
import { type OpenTerminal, openTerminal, type TerminalOptions } from "./pty.ts";

const opened: OpenTerminal[] = [];
function open(script: string, options: TerminalOptions = {}): OpenTerminal {
  const terminal = openTerminal(["sh", "-c", script], options);
  opened.push(terminal);
  return terminal;
}
afterEach(async () => {
  for (const terminal of opened.splice(0)) await terminal.close();
});

test("a program has a terminal of the size that was asked for, and hears of another one", async () => {
  const terminal = open("stty size; trap 'stty size; exit 3' WINCH; while :; do sleep 0.05; done", {
    columns: 50,
    rows: 7,
  });
  await terminal.waitFor("7 50");
  terminal.resize(60, 9);
  await terminal.waitFor("9 60");
  expect(await terminal.status).toBe(3);
});

test("the screen has no escape sequences, the output has", async () => {
  const terminal = open("printf 'one\\ntwo\\r\\033[31mTWO\\033[0m\\n\\033[1A\\033[2Kthree\\n'");
  expect(await terminal.status).toBe(0);
  expect(terminal.screen()).toBe("one\nthree");
  expect(terminal.output()).toContain("\u001b[31mTWO");
});

test("the alternate screen goes and what was there before comes back", async () => {
  const terminal = open(
    "echo before; printf '\\033[?1049h\\033[Hlive view'; read x; printf '\\033[?1049l'",
  );
  expect(await terminal.waitFor("live view")).not.toContain("before");
  terminal.type("\r");
  await terminal.status;
  expect(terminal.screen()).toContain("before");
  expect(terminal.screen()).not.toContain("live view");
});

test("what is typed arrives, Ctrl-C interrupts", async () => {
  const terminal = open(
    "read word; echo \"got $word\"; trap 'exit 9' INT; while :; do sleep 0.05; done",
  );
  terminal.type("hello\r");
  await terminal.waitFor("got hello");
  terminal.type("\u0003");
  expect(await terminal.status).toBe(9);
});

test("rows that scrolled away are in the history", async () => {
  const terminal = open("seq 1 30", { rows: 5 });
  await terminal.status;
  expect(terminal.screen().split("\n")[0]).toBe("27");
  expect(terminal.history().split("\n").slice(0, 2)).toEqual(["1", "2"]);
});

test("waiting in vain says what the screen showed", async () => {
  await expect(open("echo nothing; sleep 5").waitFor("something", 300)).rejects.toThrow(
    "something is not on the screen after 300 ms:\nnothing",
  );
  await expect(open("echo gone").waitFor("something")).rejects.toThrow("the program has ended");
});

test("closing hangs up, and a program that ignores it is killed", async () => {
  const terminal = open("trap '' HUP TERM; echo ready; while :; do sleep 0.05; done");
  await terminal.waitFor("ready");
  await terminal.close();
  expect(await terminal.status).toBe(128 + 9);
});
