// A program run in a real pseudo-terminal, and the screen that a person would see: for live views, prompts and completion.
import { Terminal as Emulator } from "@xterm/headless";

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** Over this process's environment without NO_COLOR and CI; TERM is xterm-256color unless told. */
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

export interface OpenTerminal {
  readonly pid: number;
  /** Keys, as a keyboard sends them: "q", "\r" for return, "\u0003" for Ctrl-C, "\u001b[A" for up. */
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** What is visible now: a line for each row, without colours, blank ends and empty last rows. */
  screen(): string;
  /** The rows that have scrolled out of sight, then the screen. */
  history(): string;
  /** Every byte so far, escape sequences included. */
  output(): string;
  /** The screen once it shows `wanted`; fails with the screen in its message after `timeoutMs`, or when the program has ended without it. */
  waitFor(wanted: string | RegExp, timeoutMs?: number): Promise<string>;
  /** Exit status of the program (128 + signal when a signal ended it), after everything that it wrote has been drawn. */
  readonly status: Promise<number>;
  /** Hangs up, as a closed window does, and waits for the end; a program that stays is killed after two seconds. */
  close(): Promise<void>;
}

const DEFAULT_WAIT_MS = 10_000;
const HANG_UP_MS = 2_000;
/** More than any test writes; what is older is forgotten. */
const HISTORY_ROWS = 5_000;

function environment(given: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const { NO_COLOR: _, CI: __, ...own } = process.env;
  return { ...own, TERM: "xterm-256color", ...given };
}

function rowsOf(emulator: Emulator, from: number): string {
  const buffer = emulator.buffer.active;
  const rows: string[] = [];
  for (let row = from; row < buffer.baseY + emulator.rows; row += 1) {
    rows.push(buffer.getLine(row)?.translateToString(true).trimEnd() ?? "");
  }
  return rows.join("\n").trimEnd();
}

/** Starts `command` (looked up on the PATH) with a terminal as its stdin, stdout and stderr. */
export function openTerminal(
  command: readonly [string, ...string[]],
  { columns = 80, rows = 24, env = {}, directory = process.cwd() }: TerminalOptions = {},
): OpenTerminal {
  const emulator = new Emulator({
    cols: columns,
    rows,
    scrollback: HISTORY_ROWS,
    allowProposedApi: true, // reading the buffer counts as proposed
  });
  const decoder = new TextDecoder();
  const changed = new Set<() => void>();
  let output = "";
  let hasEnded = false;
  const ended = Promise.withResolvers<void>();
  const child = Bun.spawn([...command], {
    cwd: directory,
    env: environment(env),
    terminal: {
      cols: columns,
      rows,
      data: (_terminal, bytes) => {
        output += decoder.decode(bytes, { stream: true });
        emulator.write(bytes.slice(), () => {
          for (const look of changed) look();
        });
      },
      exit: () => ended.resolve(),
    },
  });
  const terminal = child.terminal;
  if (terminal === undefined) throw new Error("Bun gave the program no terminal");
  // Answers of the terminal itself: where the cursor is, what it can do. Shells wait for them.
  emulator.onData((answer) => {
    if (!terminal.closed) terminal.write(answer);
  });

  const drawn = (): Promise<void> => new Promise((resolve) => emulator.write("", resolve));
  const status = (async () => {
    const code = await child.exited;
    // A program that it left behind may hold the terminal open: then its end is enough.
    await Promise.race([ended.promise, Bun.sleep(500)]);
    await drawn();
    hasEnded = true;
    for (const look of changed) look();
    return code;
  })();

  const screen = (): string => rowsOf(emulator, emulator.buffer.active.baseY);
  const shows = (wanted: string | RegExp): boolean =>
    typeof wanted === "string" ? screen().includes(wanted) : wanted.test(screen());

  return {
    pid: child.pid,
    type: (text) => void terminal.write(text),
    resize: (newColumns, newRows) => {
      emulator.resize(newColumns, newRows);
      terminal.resize(newColumns, newRows);
    },
    screen,
    history: () => rowsOf(emulator, 0),
    output: () => output,
    waitFor: (wanted, timeoutMs = DEFAULT_WAIT_MS) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(timer);
          changed.delete(look);
        };
        const fail = (why: string): void => {
          settle();
          reject(new Error(`${wanted} is not on the screen ${why}:\n${screen()}`));
        };
        const look = (): void => {
          if (shows(wanted)) {
            settle();
            resolve(screen());
          } else if (hasEnded) fail("and the program has ended");
        };
        const timer = setTimeout(() => fail(`after ${timeoutMs} ms`), timeoutMs);
        changed.add(look);
        look();
      }),
    status,
    close: async () => {
      terminal.close();
      const late = setTimeout(() => child.kill("SIGKILL"), HANG_UP_MS);
      await status;
      clearTimeout(late);
      emulator.dispose();
    },
  };
}
