// Live views: a screen of lines drawn over and over on a terminal, and what `-w` does there and by pipe.

import { parseKeys } from "./keys.ts";
import type { Shell, StopRequest } from "./shell.ts";
import { cutToWidth, textWidth } from "./text-width.ts";

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

// DEC private modes, as every terminal of the last decades has them; those it does not know it leaves alone.
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l"; // the alternate screen; no cursor; long lines are not wrapped
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const BEGIN_FRAME = "\u001b[?2026h\u001b[H"; // shown at once when it ends, where the terminal can
const END_FRAME = "\u001b[?2026l";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\r\n\u001b[J";
const CLEAR_SCREEN = "\u001b[2J";

/** A full screen view on a terminal: from `open` until it is closed, by `q`, Ctrl-C or a signal. */
export class LiveScreen {
  readonly #shell: Shell;
  readonly #closers: { close(): void }[] = [];
  #lines: readonly string[] = [];
  #shown = "";
  /** What the terminal made of the last frame when its size changed is wiped away first. */
  #isResized = false;
  #isOpen = true;
  #end: () => void = () => {};
  /** Resolves when the view is over and the terminal as it was before. */
  readonly closed: Promise<void>;

  /**
   * `onKey` hears the keys by name ("j", "up", "enter"; see keys.ts) and says whether it took the key; Ctrl-C always closes the
   * view, and so does a `q` that `onKey` does not take. `onResize`: draw again.
   */
  constructor(
    shell: Shell,
    stop: StopRequest,
    listeners: { onKey?(key: string): boolean; onResize?(): void } = {},
  ) {
    this.#shell = shell;
    const { terminal } = shell;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    terminal.write(ENTER);
    this.#closers.push(
      terminal.onKey((text) => {
        for (const key of parseKeys(text)) {
          if (!this.#isOpen) return;
          if (key === "ctrl-c") this.close();
          else if (listeners.onKey?.(key) !== true && key === "q") this.close();
        }
      }),
      terminal.onResize(() => {
        this.#shown = "";
        this.#isResized = true;
        if (listeners.onResize === undefined) this.draw(this.#lines);
        else listeners.onResize();
      }),
    );
    void stop.stopped.then(() => this.close());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get size(): ScreenSize {
    return this.#shell.terminal.size();
  }

  /** Shows `lines` from the top; what does not fit is cut. In one write, and none when nothing has changed. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#lines = lines;
    const { columns, rows } = this.size;
    const fitting = lines.slice(0, Math.max(1, rows)).map((line) => cutToWidth(line, columns));
    // After a full line the cursor stands on its last character, which clearing the rest would take away.
    const cleared = fitting.map((line) => (textWidth(line) < columns ? line + CLEAR_LINE : line));
    const below = fitting.length < rows ? CLEAR_BELOW : "";
    const frame = `${cleared.join("\r\n")}${below}${END_FRAME}`;
    if (frame === this.#shown) return;
    this.#shown = frame;
    this.#shell.terminal.write(`${BEGIN_FRAME}${this.#isResized ? CLEAR_SCREEN : ""}${frame}`);
    this.#isResized = false;
  }

  /** Gives the terminal back, with the last frame left on it, as `top` does. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const closer of this.#closers) closer.close();
    const { columns } = this.size;
    const last = this.#lines.map((line) => `${cutToWidth(line, columns)}\n`).join("");
    this.#shell.terminal.write(LEAVE + last);
    this.#end();
  }
}

/** Somebody looks, at a terminal that knows more than lines. */
export const canDraw = ({ terminal, env }: Shell): boolean =>
  terminal.isInteractive && env["TERM"] !== "dumb";

export interface Watched {
  /** Milliseconds from the end of one frame to the beginning of the next. */
  readonly everyMs: number;
  /** The lines to show now: no line breaks in them, and of control characters only colours. */
  frame(size: ScreenSize): Promise<readonly string[]>;
}

/**
 * `-w`: on a terminal a screen that is drawn again and again until `q` or Ctrl-C, and whose last frame stays; by pipe every frame
 * that differs from the one before, an empty line between them. Returns when the person has had enough.
 */
export async function watch(shell: Shell, watched: Watched): Promise<void> {
  const stop = shell.catchStop();
  if (canDraw(shell)) await watchOnScreen(shell, stop, watched);
  else await watchByPipe(shell, stop, watched);
}

async function watchOnScreen(shell: Shell, stop: StopRequest, watched: Watched): Promise<void> {
  const screen = new LiveScreen(shell, stop);
  const pause = pauses(shell, screen.closed);
  try {
    while (screen.isOpen) {
      screen.draw(withRest(await watched.frame(screen.size), screen.size));
      await pause(watched.everyMs);
    }
  } finally {
    screen.close();
  }
}

/** A table longer than the screen says so in its last line. */
function withRest(lines: readonly string[], { rows }: ScreenSize): readonly string[] {
  if (lines.length <= rows) return lines;
  const kept = lines.slice(0, Math.max(1, rows - 1));
  return [...kept, `… and ${lines.length - kept.length} more lines`];
}

async function watchByPipe(shell: Shell, stop: StopRequest, watched: Watched): Promise<void> {
  const pause = pauses(shell, stop.stopped);
  let last: string | undefined;
  while (!stop.isStopped) {
    const lines = await watched.frame(shell.terminal.size());
    const frame = lines.map((line) => `${line}\n`).join("");
    if (frame !== last) shell.terminal.write(last === undefined ? frame : `\n${frame}`);
    last = frame;
    await pause(watched.everyMs);
  }
}

/** A sleep that ends early when `until` comes: made once for a loop, so that a loop of days leaves nothing behind. */
export function pauses(shell: Shell, until: Promise<void>): (delayMs: number) => Promise<void> {
  let isOver = false;
  let wake = (): void => {};
  void until.then(() => {
    isOver = true;
    wake();
  });
  return (delayMs) =>
    new Promise((resolve) => {
      if (isOver) {
        resolve();
        return;
      }
      const timer = shell.timers.after(delayMs, resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
    });
}
