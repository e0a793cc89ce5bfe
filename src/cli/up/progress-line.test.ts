// What a terminal shows while something is waited for.
import { expect, test } from "bun:test";
import { FakeTime } from "#base/testing/fake-time.ts";
import { fakeShell } from "../testing/fake-shell.ts";
import { ProgressLine } from "./progress-line.ts";

/** What a terminal shows: carriage returns go back, what comes overwrites. Stdout and stderr are one screen. */
class Screen {
  readonly lines: string[] = [""];
  #column = 0;

  write(text: string): void {
    for (const character of text) {
      if (character === "\n") {
        this.lines.push("");
        this.#column = 0;
      } else if (character === "\r") this.#column = 0;
      else {
        const line = (this.lines.at(-1) ?? "").padEnd(this.#column);
        this.lines[this.lines.length - 1] =
          line.slice(0, this.#column) + character + line.slice(this.#column + 1);
        this.#column += 1;
      }
    }
  }

  shown(): readonly string[] {
    return this.lines.map((line) => line.trimEnd());
  }
}

function setUp(showsProgress = true): { line: ProgressLine; screen: Screen; time: FakeTime } {
  const screen = new Screen();
  const time = new FakeTime();
  const { shell } = fakeShell();
  const terminal = {
    ...shell.terminal,
    showsProgress,
    size: () => ({ columns: 30, rows: 10 }),
    write: (text: string) => screen.write(text),
    writeError: (text: string) => screen.write(text),
  };
  return { line: new ProgressLine(terminal, time), screen, time };
}

test("stands below everything that is written, and turns", () => {
  const { line, screen, time } = setUp();
  line.show("wait  1 of 3 ready");
  expect(screen.shown()).toEqual(["⠋ wait  1 of 3 ready"]);
  line.terminal.write("[shop-1] healthy\n");
  expect(screen.shown()).toEqual(["[shop-1] healthy", "⠋ wait  1 of 3 ready"]);
  time.advance(80);
  line.terminal.writeError("oops\n");
  line.show("wait  2");
  expect(screen.shown()).toEqual(["[shop-1] healthy", "oops", "⠙ wait  2"]);
  line.clear();
  expect(screen.shown()).toEqual(["[shop-1] healthy", "oops", ""]);
  line.terminal.write("done\n");
  expect(screen.shown()).toEqual(["[shop-1] healthy", "oops", "done", ""]);
  expect(time.timerCount).toBe(0);
});

test("is never as long as the terminal is wide", () => {
  const { line, screen } = setUp();
  line.show("wait  3 of 6 ready, waiting for reviews-v1-1, reviews-v2-1");
  expect(screen.shown()).toHaveLength(1);
  expect(screen.shown()[0]?.length).toBeLessThan(30);
});

test("is nothing where nobody looks", () => {
  const { line, screen, time } = setUp(false);
  line.show("wait");
  time.advance(1_000);
  line.clear();
  expect(screen.shown()).toEqual([""]);
});
