// The line at the bottom of a terminal that says what is waited for, with a spinner; everything else is written above it.
import type { Terminal } from "#base/terminal.ts";
import type { Timer, Timers } from "#base/timers.ts";
import { cutToWidth, textWidth } from "../shell/text-width.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
/** Of cli-spinners' "dots", which people know. */
const FRAME_MS = 80;

/** Draws without escape sequences, so that it may also run where colours are not wanted. */
export class ProgressLine {
  /** Write through this: what it writes stands above the line. */
  readonly terminal: Terminal;
  readonly #plain: Terminal;
  readonly #timers: Timers;
  #text: string | undefined;
  #drawnWidth = 0;
  #frame = 0;
  #timer: Timer | undefined;

  constructor(terminal: Terminal, timers: Timers) {
    this.#plain = terminal;
    this.#timers = timers;
    this.terminal = {
      ...terminal,
      write: (text) => this.#above(() => terminal.write(text)),
      writeError: (text) => this.#above(() => terminal.writeError(text)),
    };
  }

  /** One line; does nothing where nobody looks. */
  show(text: string): void {
    if (!this.#plain.showsProgress) return;
    this.#text = text;
    this.#timer ??= this.#timers.every(FRAME_MS, () => {
      this.#frame += 1;
      this.#draw();
    });
    this.#draw();
  }

  clear(): void {
    this.#text = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#erase();
  }

  #above(write: () => void): void {
    this.#erase();
    write();
    this.#draw();
  }

  #draw(): void {
    if (this.#text === undefined) return;
    const frame = FRAMES[this.#frame % FRAMES.length] ?? "";
    // The last column stays free: a full line would wrap.
    const line = cutToWidth(`${frame} ${this.#text}`, this.#plain.size().columns - 1);
    const width = textWidth(line);
    this.#plain.writeError(`\r${line}${" ".repeat(Math.max(0, this.#drawnWidth - width))}`);
    this.#drawnWidth = width;
  }

  #erase(): void {
    if (this.#drawnWidth === 0) return;
    this.#plain.writeError(`\r${" ".repeat(this.#drawnWidth)}\r`);
    this.#drawnWidth = 0;
  }
}
