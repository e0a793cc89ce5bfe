// What `up` tells the person at the keyboard while it works; the composition root decides how it looks.

export interface Reporter {
  /** A step of the start began: "control-plane", "starting the pilot". */
  step(phase: string, text: string): void;
  /** Something happened to a part of the running mesh. */
  event(part: string, text: string): void;
  /** Something is wrong, and the mesh goes on around it. */
  warning(part: string, text: string): void;
  /** Something that was asked for is not done. */
  error(part: string, text: string): void;
  /** A program ended: how, and the last lines that it printed. */
  crash(part: string, text: string, lastLines: readonly string[]): void;
  /** A line that a program printed. */
  output(part: string, line: string): void;
}
