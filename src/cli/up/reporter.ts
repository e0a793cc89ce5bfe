// What `up` tells the person at the keyboard while it works; the composition root decides how it looks.

export interface Reporter {
  /** A step of the start began: "control-plane", "starting the pilot". */
  step(phase: string, text: string): void;
  /** Something happened to a part of the running mesh. */
  event(part: string, text: string): void;
  /** Something is wrong. */
  warning(part: string, text: string): void;
  /** A line that a program printed. */
  output(part: string, line: string): void;
}
