// The person's end of a command: where it writes, whether somebody looks, and what is typed.

export interface Terminal {
  /** Results, to stdout. */
  write(text: string): void;
  /** Progress, notes and errors, to stderr. */
  writeError(text: string): void;
  /** stdout is a terminal: live views and tables for people make sense. */
  readonly isInteractive: boolean;
  /** stderr is a terminal: progress makes sense. */
  readonly showsProgress: boolean;
  /** Colour is wanted: a terminal, and neither --no-color, NO_COLOR nor TERM=dumb. */
  readonly hasColor: boolean;
  /** Of stdout, or 80 x 24 when it is no terminal. */
  size(): { readonly columns: number; readonly rows: number };
  onResize(listener: () => void): { close(): void };
  /** Keys as they are pressed, as their bytes read as text ("q", "\u001b[A" for up); nothing when stdin is no terminal. */
  onKey(listener: (key: string) => void): { close(): void };
  /** All of stdin, for `-f -`. */
  readInput(): Promise<string>;
}
